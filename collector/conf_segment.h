/*
 * The section "segment" of collect.yaml: whose write keys are taken, what their consent banners' categories mean. A part of
 * conf.c's schema.
 */
#pragma once
#include "core/edge/conf_schema.h"

extern const struct yaml_field collect_conf_segment_fields[];
/* Write keys and the names of their sites. */
conf_step collect_conf_segment_read;
