/*
 * The daemon's small web side: /healthz, /readyz, /metrics, on a port of its own.
 */
#pragma once
#include "core/base/fail.h"
#include "core/edge/conf.h"
#include "core/edge/http.h"
#include "daemon/counters.h"
#include "daemon/loop.h"

struct status;

/* NULL with fail->text "" when configuration names no port; NULL with a text: trouble. */
struct status *status_create(const struct conf *conf, struct counters *counters, const struct loop_health *health,
			     struct fail *fail);
void status_destroy(struct status *status); /* NULL is fine */
struct http *status_http(struct status *status);
