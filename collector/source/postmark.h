/*
 * Postmark's webhooks: one event a request, as JSON. Postmark signs nothing: hook_password().
 */
#pragma once
#include "collector/source/source.h"

source_adapter postmark_read;
