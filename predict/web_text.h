/* SPDX-License-Identifier: MIT */
/* What a report's page is made of (predict/web and Leaflet), built in: file names. */
#ifndef PREDICT_WEB_TEXT_H
#define PREDICT_WEB_TEXT_H

#include "core/embed.h"

extern const struct embedded web_texts[];

#endif
