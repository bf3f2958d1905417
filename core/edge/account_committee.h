/*
 * What the file of accounts says of committees: which roles are expected, and what touches of each weigh.
 */
#pragma once
#include <stdbool.h>

#include "core/base/fail.h"
#include "core/model/role.h"

struct yaml_node;

/* `node`: what stands under "committee"; NULL: nothing, and all is as usual. False: *fail has "FILE:LINE: …", EXIT_CONFIG. */
bool account_committee_read(const char *file, const struct yaml_node *node,
			    struct committee_settings *ret_settings, struct fail *fail);
