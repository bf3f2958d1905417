/*
 * The section "http" of collect.yaml: who may send how much, how fast, from where. A part of conf.c's schema.
 */
#pragma once
#include "core/edge/conf_schema.h"

extern const struct yaml_field collect_conf_http_fields[];
/* Networks of proxies, origins, room for a body. */
conf_step collect_conf_http_check;
