/* standard.h - the descriptors 0 to 2: there in every program of ours, whoever started it.
 * SPDX-License-Identifier: MIT */
#ifndef IO_STANDARD_H
#define IO_STANDARD_H

/* First in main(): puts /dev/null where 0, 1 or 2 was closed, so that nothing opened later becomes one of
 * them (a socket would get what is printed, and libuv aborts when it is asked to close one). */
void standard_open(void);

#endif
