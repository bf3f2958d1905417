/*
 * PostHog's clients: posthog-js in browsers, those of servers, and whatever speaks to its capture API.
 *
 * They take nothing but 200 for success: 204 makes them send again. Recordings of sessions are not taken, flags and surveys
 * are not known here; what clients ask for of these is answered so that they go on (POSTHOG_ANSWER in routes.c).
 */
#pragma once
#include "collector/source/source.h"

source_adapter posthog_read;

/* NULL ends. */
extern const char *const posthog_paths[],
	*const posthog_script_paths[], *const posthog_config_paths[], *const posthog_flags_paths[],
									      *const posthog_recording_paths[];

#define POSTHOG_TAKEN "{\"status\":1}"
/* The configuration is in JSON, which clients ask for next. */
#define POSTHOG_NO_SCRIPT "/* none */\n"
/* Clicks are captured where the site does not say otherwise; nothing else is. */
#define POSTHOG_CONFIG \
	"{\"supportedCompression\":[\"gzip-js\",\"base64\"],\"autocapture_opt_out\":false,\"hasFeatureFlags\":" \
	"false," \
	"\"sessionRecording\":false,\"surveys\":false,\"heatmaps\":false,\"captureDeadClicks\":false," \
	"\"capturePerformance\":false,\"errorTracking\":{\"autocaptureExceptions\":false}}"
#define POSTHOG_FLAGS \
	"{\"flags\":{},\"featureFlags\":{},\"featureFlagPayloads\":{},\"errorsWhileComputingFlags\":false}"
