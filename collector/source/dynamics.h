/*
 * Webhooks of Dynamics 365 (Dataverse): one operation on one record a request, as the plug-ins' execution context in JSON.
 */
#pragma once
#include "collector/source/hook.h"
#include "collector/source/source.h"

source_adapter dynamics_read;

/* The secret as it is, in the header X-Phased-Secret or in the query's "code", which are what a service endpoint can be
 * registered with; else as hook_password has it. */
hook_scheme dynamics_scheme;
