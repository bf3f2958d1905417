/*
 * Salesforce's change events (Change Data Capture) as JSON, which a bridge takes from Salesforce and passes on: Salesforce
 * itself calls nobody.
 */
#pragma once
#include "collector/source/source.h"

/* One event or a list of them, each in its envelope {"payload": …} or without it. Proven by hook_password. */
source_adapter salesforce_read;
