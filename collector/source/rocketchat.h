/*
 * Rocket.Chat's Omnichannel webhooks: what a room is, and messages of it, a request, as JSON.
 */
#pragma once
#include "collector/source/hook.h"
#include "collector/source/source.h"

source_adapter rocketchat_read;

/* The secret as it is, in X-RocketChat-Livechat-Token. */
hook_scheme rocketchat_scheme;
