# embed.cmake - writes a text file into a C file: cmake -DFROM=openapi.json -DNAME=openapi_parts -DTO=openapi_parts.c -P embed.cmake
# SPDX-License-Identifier: MIT
file(READ ${FROM} bytes HEX)
string(REGEX REPLACE "(..)" "0x\\1," bytes "${bytes}")
file(WRITE ${TO}.new "/* Written by src/api/embed.cmake. */\nextern const char ${NAME}[];\nconst char ${NAME}[] = {${bytes}0};\n")
file(RENAME ${TO}.new ${TO})
