/* SPDX-License-Identifier: MIT */
/* What the catalog says about fetching, as TSV on standard output: no network, no lock, so it can be
 * asked while another gdje-fetch runs. */
#ifndef FETCH_STATUS_H
#define FETCH_STATUS_H

#include "core/err.h"

/* status_print - item, detail, value: requests by state, failures by reason, boxes of surveys, the
 * rate of the last run and the time that the rest would take at it, requests and cost by provider. */
int status_print(const char *catalog, struct err *e);

/* credits_print - provider, copyright, licence and how many locations: the attribution that CC BY,
 * CC BY-SA and similar licences ask for. */
int credits_print(const char *catalog, struct err *e);

#endif
