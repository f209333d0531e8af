/* SPDX-License-Identifier: MIT */
/*
 * Functions that this code base does not call, made compile errors; every file is compiled with
 * this header included first. Each line says what to use instead.
 */
#ifndef CORE_BANNED_H
#define CORE_BANNED_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#pragma GCC poison strcpy strcat strncpy strncat  /* snprintf, core/buf */
#pragma GCC poison sprintf vsprintf gets          /* snprintf, getline */
#pragma GCC poison strtok                         /* strchr, strcspn */
#pragma GCC poison atoi atol atof                 /* core/parse */
#pragma GCC poison strerror perror                /* err_sys */
#pragma GCC poison localtime gmtime ctime asctime /* gmtime_r */
#pragma GCC poison tmpnam mktemp                  /* core/file */
#pragma GCC poison system popen srand             /* posix_spawn; core/rng */

#endif
