# package.cmake - what is installed, and where; and the Debian package of it: `cpack -G DEB` in the build folder.
# SPDX-License-Identifier: MIT
set(DEBIAN ${CMAKE_SOURCE_DIR}/contrib/debian)
set(PRINTED ${CMAKE_BINARY_DIR}/printed) # what the programs print of themselves

# printed FILE PROGRAM ARGUMENTS...: the file that the program prints. A page of the manual is compressed.
function(printed file program)
  set(commands COMMAND ${CMAKE_COMMAND} -E make_directory ${PRINTED} COMMAND ${program} ${ARGN} > ${PRINTED}/${file})
  if(file MATCHES "\\.[158]$")
    list(APPEND commands COMMAND gzip -9 -n -k -f ${PRINTED}/${file})
    string(APPEND file .gz)
  endif()
  add_custom_command(OUTPUT ${PRINTED}/${file} ${commands} DEPENDS ${program} VERBATIM)
  set(PRINTED_FILES ${PRINTED_FILES} ${PRINTED}/${file} PARENT_SCOPE)
endfunction()

printed(verdict.1 verdict man)
printed(verdictd.conf.5 verdict man verdictd.conf)
printed(verdictd.8 verdictd --man)
printed(verdict-runner.8 verdict-runner --man)
printed(verdict-iac.8 verdict-iac --man)
printed(verdict-configure.8 verdict-configure --man)
printed(verdict verdict completion bash)
printed(_verdict verdict completion zsh)
add_custom_command(OUTPUT ${PRINTED}/changelog.gz DEPENDS ${DEBIAN}/changelog VERBATIM
  COMMAND ${CMAKE_COMMAND} -E make_directory ${PRINTED}
  COMMAND gzip -9 -n -c ${DEBIAN}/changelog > ${PRINTED}/changelog.gz)
add_custom_target(printed ALL DEPENDS ${PRINTED_FILES} ${PRINTED}/changelog.gz)

# The units name /usr/bin, and the programs /etc/verdictd: the package has the prefix /usr.
install(TARGETS verdictd verdict verdict-runner verdict-iac verdict-configure DESTINATION bin)
install(FILES systemd/verdictd.service systemd/verdict-runner.service DESTINATION lib/systemd/system)
install(FILES systemd/verdictd.sysusers DESTINATION lib/sysusers.d RENAME verdictd.conf)
install(FILES systemd/verdictd.tmpfiles DESTINATION lib/tmpfiles.d RENAME verdictd.conf)
install(FILES ${PRINTED}/verdict.1.gz DESTINATION share/man/man1)
install(FILES ${PRINTED}/verdictd.conf.5.gz DESTINATION share/man/man5)
install(FILES ${PRINTED}/verdictd.8.gz ${PRINTED}/verdict-runner.8.gz ${PRINTED}/verdict-iac.8.gz
  ${PRINTED}/verdict-configure.8.gz DESTINATION share/man/man8)
install(FILES ${PRINTED}/verdict DESTINATION share/bash-completion/completions)
install(FILES ${PRINTED}/_verdict DESTINATION share/zsh/vendor-completions)
install(FILES contrib/verdictd.conf contrib/runner.conf DESTINATION /etc/verdictd)
install(DIRECTORY DESTINATION /etc/verdictd/rules.d)
install(DIRECTORY rules DESTINATION share/verdictd)
install(DIRECTORY contrib/ci contrib/levers contrib/release contrib/prometheus contrib/grafana DESTINATION share/doc/verdictd/examples
  USE_SOURCE_PERMISSIONS)
install(FILES README.md ${DEBIAN}/copyright ${PRINTED}/changelog.gz DESTINATION share/doc/verdictd)

set(CPACK_GENERATOR DEB)
set(CPACK_PACKAGE_NAME verdictd)
set(CPACK_PACKAGE_VERSION ${PROJECT_VERSION})
set(CPACK_PACKAGE_CONTACT "verdictd maintainers <maintainers@verdictd.invalid>")
set(CPACK_PACKAGE_DESCRIPTION_SUMMARY "decides whether a deployment lives, and takes it back when not")
set(CPACK_PACKAGE_DESCRIPTION
"verdictd moves the traffic of a deployment on in steps, judges the new
version by its metrics, and takes the traffic back within seconds when a
rule fails. It needs no Kubernetes: HAProxy, nginx, a flag file or any
command is the lever; Prometheus, MQTT and others are the sources; SQLite
and RRD files are the memory.
.
verdict is the command line; verdict-runner starts the commands that its own
list allows.")
set(CPACK_SET_DESTDIR ON) # for /etc
set(CPACK_INSTALL_PREFIX /usr)
set(CPACK_INSTALL_DEFAULT_DIRECTORY_PERMISSIONS OWNER_READ OWNER_WRITE OWNER_EXECUTE GROUP_READ GROUP_EXECUTE WORLD_READ WORLD_EXECUTE)
set(CPACK_STRIP_FILES ON)
set(CPACK_DEBIAN_FILE_NAME DEB-DEFAULT)
set(CPACK_DEBIAN_COMPRESSION_TYPE xz)
set(CPACK_DEBIAN_PACKAGE_SECTION admin)
set(CPACK_DEBIAN_PACKAGE_PRIORITY optional)
set(CPACK_DEBIAN_PACKAGE_SHLIBDEPS ON)
set(CPACK_DEBIAN_PACKAGE_DEPENDS "systemd | systemd-standalone-sysusers, systemd | systemd-standalone-tmpfiles")
set(CPACK_DEBIAN_PACKAGE_RECOMMENDS "ca-certificates, tzdata")
set(CPACK_DEBIAN_PACKAGE_SUGGESTS "haproxy, mosquitto, prometheus, rrdtool")
set(CPACK_DEBIAN_PACKAGE_CONTROL_EXTRA ${DEBIAN}/conffiles ${DEBIAN}/preinst ${DEBIAN}/postinst ${DEBIAN}/prerm ${DEBIAN}/postrm)
set(CPACK_DEBIAN_PACKAGE_CONTROL_STRICT_PERMISSION ON)
include(CPack)
