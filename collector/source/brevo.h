/*
 * Brevo's webhooks, of transactional mails and of campaigns: one event a request, as JSON. Brevo signs nothing: hook_password().
 */
#pragma once
#include "collector/source/source.h"

source_adapter brevo_read;
