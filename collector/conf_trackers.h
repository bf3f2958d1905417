/*
 * The sections "plausible", "ga4" and "cloudevents" of collect.yaml: which of the properties that a sender is free to choose mean
 * what. Parts of conf.c's schema.
 */
#pragma once
#include "core/edge/conf_schema.h"

extern const struct yaml_field collect_conf_plausible_fields[];
extern const struct yaml_field collect_conf_ga4_fields[];
extern const struct yaml_field collect_conf_cloudevents_fields[];
/* The map of fields. */
conf_step collect_conf_cloudevents_read;
