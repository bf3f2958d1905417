/*
 * Amazon's Simple Email Service: one event a message, as JSON, which its Simple Notification Service carries (sns.h has the
 * envelope and the signature).
 *
 * Of an open or a click SES does not say which of a mail's recipients it was: it is somebody's only where the mail had one. Else
 * it names nobody, and is counted.
 */
#pragma once
#include "collector/source/source.h"

source_adapter ses_read;
