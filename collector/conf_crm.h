/*
 * The section "crm" of collect.yaml: which stages of deals are their ends, and which fields of contacts agree to a profile. A
 * part of conf.c's schema.
 */
#pragma once
#include "core/edge/conf_schema.h"

extern const struct yaml_field collect_conf_crm_fields[];
/* No stage is both. */
conf_step collect_conf_crm_check;
