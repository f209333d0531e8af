/* SPDX-License-Identifier: MIT */
/* The retry policy as data and one formula; who counts the tries is the engine. */
#include "fetch/retry.h"

#include <math.h>

bool retry_status(int http_status)
{
    switch (http_status) {
    case 102: /* Processing */
    case 408: /* Request Timeout */
    case 429: /* Too Many Requests */
    case 500: /* Internal Server Error */
    case 502: /* Bad Gateway */
    case 503: /* Service Unavailable */
    case 504: /* Gateway Timeout */
        return true;
    default:
        return false;
    }
}

double retry_delay_s(int n_failed, double u)
{
    double top = RETRY_BASE_S * exp2((double)n_failed - 1);
    return u * (top < RETRY_CAP_S ? top : RETRY_CAP_S);
}
