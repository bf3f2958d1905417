/*
 * The sections "plausible" and "ga4" of collect.yaml: which of a tracker's properties say more than that. Parts of conf.c's
 * schema.
 */
#pragma once
#include "core/edge/conf_schema.h"

extern const struct yaml_field collect_conf_plausible_fields[];
extern const struct yaml_field collect_conf_ga4_fields[];
