/* SPDX-License-Identifier: MIT */
/*
 * The protocol over HTTP/1.1 on 127.0.0.1, and nowhere else.
 *
 *     struct server *s = NULL;
 *     TRY(server_start(&protocol, NULL, 0, 2, &s, e));
 *     printf("http://127.0.0.1:%d\n", server_port(s));
 *     server_stop(s);
 */
#ifndef FETCH_DEMO_SERVER_H
#define FETCH_DEMO_SERVER_H

#include "core/err.h"
#include "fetch/demo/fault.h"
#include "fetch/demo/protocol.h"

struct server;

/* server_start - port 0: one that is free. n_threads share the connections. Borrows p and faults
 * (NULL: everything is answered as it should be) until server_stop. ERR_SYSTEM "cannot listen on
 * 127.0.0.1:8080: Address already in use". */
int server_start(struct protocol *p, struct faults *faults, int port, int n_threads,
                 struct server **out, struct err *e);
int server_port(const struct server *s);
double server_idle_s(const struct server *s); /* since the last request, or since the start */
void server_stop(struct server *s);           /* NULL ok; what is being sent is cut short */

const char *server_library(void); /* "libmicrohttpd 0.9.75"; not thread-safe */

#endif
