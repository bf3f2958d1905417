/*
 * The daemon's small web side: /healthz, /readyz, /metrics, on a port of its own.
 */
#pragma once
#include "core/base/fail.h"
#include "core/edge/conf.h"
#include "core/edge/http.h"
#include "daemon/counters.h"
#include "daemon/loop.h"

struct loop;
struct status;

/* NULL with fail->text "" when `listen` names no port; NULL with a text: trouble. `loop` is asked for each answer that tells of
 * it. */
struct status *status_create(const struct conf *conf, const char *listen, struct counters *counters,
			     struct loop *loop, struct fail *fail);
void status_destroy(struct status *status); /* NULL is fine */
struct http *status_http(struct status *status);
