#include "collector/routes.h"

#include <string.h>

#include "collector/conf.h"
#include "collector/source/brevo.h"
#include "collector/source/chatwoot.h"
#include "collector/source/cloudevents.h"
#include "collector/source/crisp.h"
#include "collector/source/dynamics.h"
#include "collector/source/ga4.h"
#include "collector/source/hubspot.h"
#include "collector/source/intercom.h"
#include "collector/source/mailgun.h"
#include "collector/source/mandrill.h"
#include "collector/source/plausible.h"
#include "collector/source/matomo.h"
#include "collector/source/posthog.h"
#include "collector/source/postmark.h"
#include "collector/source/rocketchat.h"
#include "collector/source/salesforce.h"
#include "collector/source/segment.h"
#include "collector/source/sendgrid.h"
#include "collector/source/ses.h"
#include "collector/source/snowplow.h"
#include "collector/source/sns.h"
#include "collector/source/zendesk.h"

/* The smallest GIF that browsers take: one transparent pixel. */
static const unsigned char pixel[43] = {
	'G',  'I',  'F',  '8',	'9',  'a',  0x01, 0x00, 0x01, 0x00, 0x80, 0x00, 0x00, 0x00, 0x00,
	0x00, 0xff, 0xff, 0xff, 0x21, 0xf9, 0x04, 0x01, 0x00, 0x00, 0x00, 0x00, 0x2c, 0x00, 0x00,
	0x00, 0x00, 0x01, 0x00, 0x01, 0x00, 0x00, 0x02, 0x02, 0x44, 0x01, 0x00, 0x3b,
};

#define TEXT "text/plain; charset=utf-8"
#define JSON "application/json"
#define BODY(text) .body = (text), .body_size = sizeof(text) - 1

/* What PostHog's clients ask for beside sending events, and nothing is made of. */
#define POSTHOG_ANSWER(route_name, paths_of, text, type) \
	{ \
		.name = (route_name), .source = "posthog", .methods = "POST, GET, HEAD, OPTIONS", \
		.fixed_paths = (paths_of), .is_answer_alone = true, .content_type = (type), BODY(text) \
	}

/* Senders ask whether anybody is there by GET or HEAD before they send. */
#define HOOK_METHODS "POST, GET, HEAD"
#define HOOK_PARTS(source_name, hook_scheme_of, adapter_of, headers_of) \
	.name = (source_name), .source = (source_name), .methods = HOOK_METHODS, .scheme = (hook_scheme_of), \
	.more_headers = (headers_of), .adapter = (adapter_of)
#define HOOK(...) \
	{ \
		HOOK_PARTS(__VA_ARGS__) \
	}

/* Each has Authorization: any hook may be proven by a password. */
static const char *const password_headers[] = {"Authorization", NULL};
static const char *const plausible_paths[] = {"/api/event", NULL};
static const char *const sendgrid_headers[] = {"Authorization", "X-Twilio-Email-Event-Webhook-Signature",
					       "X-Twilio-Email-Event-Webhook-Timestamp", NULL};
static const char *const mandrill_headers[] = {"Authorization", "X-Mandrill-Signature", NULL};
static const char *const ses_headers[] = {"Authorization", "X-Amz-Sns-Message-Id", NULL};
static const char *const intercom_headers[] = {"Authorization", "X-Hub-Signature", NULL};
static const char *const zendesk_headers[] = {"Authorization", "X-API-Key", "X-Zendesk-Webhook-Signature",
					      "X-Zendesk-Webhook-Signature-Timestamp", NULL};
static const char *const crisp_headers[] = {"Authorization", "X-Crisp-Signature", "X-Crisp-Request-Timestamp",
					    NULL};
static const char *const rocketchat_headers[] = {"Authorization", "X-RocketChat-Livechat-Token", NULL};
static const char *const chatwoot_headers[] = {"Authorization", "X-Chatwoot-Signature", "X-Chatwoot-Timestamp",
					       "X-Chatwoot-Delivery", NULL};
static const char *const hubspot_headers[] = {"Authorization", "X-HubSpot-Signature-v3",
					      "X-HubSpot-Request-Timestamp", NULL};
static const char *const dynamics_headers[] = {"Authorization", "X-Phased-Secret", NULL};

const struct route_about routes[ROUTE_COUNT] = {
	[ROUTE_SNOWPLOW_POST] = {.name = "snowplow_post",
				 .source = "snowplow",
				 .methods = "POST, OPTIONS",
				 .allow = "GET, HEAD, POST, OPTIONS",
				 .paths = offsetof(struct collect_conf, snowplow.post_paths),
				 .has_visitors = true,
				 .adapter = snowplow_read,
				 .content_type = TEXT,
				 .body = "ok",
				 .body_size = 2},
	[ROUTE_SNOWPLOW_GET] = {.name = "snowplow_get",
				.source = "snowplow",
				.methods = "GET, HEAD, OPTIONS",
				.paths = offsetof(struct collect_conf, snowplow.get_paths),
				.more_paths = offsetof(struct collect_conf, snowplow.post_paths),
				.has_visitors = true,
				.adapter = snowplow_read,
				.content_type = "image/gif",
				.body = pixel,
				.body_size = sizeof(pixel),
				.no_cache = true},
	[ROUTE_SEGMENT] = {.name = "segment",
			   .source = "segment",
			   .methods = "POST, OPTIONS",
			   .fixed_paths = segment_paths,
			   .more_headers = segment_headers,
			   .adapter = segment_read,
			   .content_type = JSON,
			   BODY("{\"success\":true}")},
	[ROUTE_SEGMENT_PIXEL] = {.name = "segment_pixel",
				 .source = "segment",
				 .methods = "GET, HEAD, OPTIONS",
				 .fixed_paths = segment_pixel_paths,
				 .more_headers = segment_headers,
				 .has_visitors = true,
				 .adapter = segment_read,
				 .content_type = "image/gif",
				 .body = pixel,
				 .body_size = sizeof(pixel),
				 .no_cache = true},
	[ROUTE_JITSU] = {.name = "jitsu",
			 .source = "jitsu",
			 .methods = "POST, OPTIONS",
			 .fixed_paths = segment_jitsu_paths,
			 .more_headers = segment_headers,
			 .adapter = segment_read,
			 .content_type = JSON,
			 BODY("{\"ok\":true}")},
	[ROUTE_PLAUSIBLE] = {.name = "plausible",
			     .source = "plausible",
			     .methods = "POST, OPTIONS",
			     .fixed_paths = plausible_paths,
			     .adapter = plausible_read,
			     .status = 202,
			     .content_type = TEXT,
			     BODY("ok")},
	[ROUTE_GA4] = {.name = "ga4",
		       .source = "ga4",
		       .methods = "POST, OPTIONS",
		       .fixed_paths = ga4_paths,
		       .adapter = ga4_read,
		       .status = 204},
	[ROUTE_GA4_HOOK] = {.name = "ga4_hook",
			    .source = "ga4",
			    .methods = HOOK_METHODS,
			    .scheme = ga4_scheme,
			    .more_headers = password_headers,
			    .adapter = ga4_read,
			    .status = 204},
	[ROUTE_MATOMO_GET] = {.name = "matomo_get",
			      .source = "matomo",
			      .methods = "GET, HEAD, OPTIONS",
			      .allow = "GET, HEAD, POST, OPTIONS",
			      .fixed_paths = matomo_paths,
			      .has_visitors = true,
			      .adapter = matomo_read,
			      .content_type = "image/gif",
			      .body = pixel,
			      .body_size = sizeof(pixel),
			      .no_cache = true},
	[ROUTE_MATOMO_POST] = {.name = "matomo_post",
			       .source = "matomo",
			       .methods = "POST, OPTIONS",
			       .fixed_paths = matomo_paths,
			       .adapter = matomo_read,
			       .content_type = "image/gif",
			       .body = pixel,
			       .body_size = sizeof(pixel),
			       .no_cache = true},
	[ROUTE_POSTHOG] = {.name = "posthog",
			   .source = "posthog",
			   .methods = "POST, GET, OPTIONS",
			   .fixed_paths = posthog_paths,
			   .adapter = posthog_read,
			   .content_type = JSON,
			   BODY(POSTHOG_TAKEN)},
	[ROUTE_POSTHOG_SCRIPT] = POSTHOG_ANSWER("posthog_script", posthog_script_paths, POSTHOG_NO_SCRIPT,
						"text/javascript; charset=utf-8"),
	[ROUTE_POSTHOG_CONFIG] = POSTHOG_ANSWER("posthog_config", posthog_config_paths, POSTHOG_CONFIG, JSON),
	[ROUTE_POSTHOG_FLAGS] = POSTHOG_ANSWER("posthog_flags", posthog_flags_paths, POSTHOG_FLAGS, JSON),
	[ROUTE_POSTHOG_RECORDING] =
		POSTHOG_ANSWER("posthog_recording", posthog_recording_paths, POSTHOG_TAKEN, JSON),
	[ROUTE_CLOUDEVENTS] = {HOOK_PARTS("cloudevents", cloudevents_scheme, cloudevents_read,
					  cloudevents_headers),
			       .has_no_forms = true, .status = 202},
	[ROUTE_MAILGUN] = HOOK("mailgun", mailgun_scheme, mailgun_read, password_headers),
	[ROUTE_SENDGRID] = {HOOK_PARTS("sendgrid", sendgrid_scheme, sendgrid_read, sendgrid_headers),
			    .has_public_key = true},
	[ROUTE_POSTMARK] = HOOK("postmark", hook_password, postmark_read, password_headers),
	[ROUTE_BREVO] = HOOK("brevo", hook_password, brevo_read, password_headers),
	[ROUTE_MANDRILL] = {HOOK_PARTS("mandrill", mandrill_scheme, mandrill_read, mandrill_headers),
			    .signs_url = true},
	[ROUTE_SES] = {HOOK_PARTS("ses", sns_scheme, ses_read, ses_headers), .is_certificate = sns_is_certificate,
		       .is_topic = sns_is_topic, .detail = sns_detail},
	[ROUTE_CHATWOOT] = HOOK("chatwoot", chatwoot_scheme, chatwoot_read, chatwoot_headers),
	[ROUTE_INTERCOM] = HOOK("intercom", intercom_scheme, intercom_read, intercom_headers),
	[ROUTE_ZENDESK] = HOOK("zendesk", zendesk_scheme, zendesk_read, zendesk_headers),
	[ROUTE_CRISP] = HOOK("crisp", crisp_scheme, crisp_read, crisp_headers),
	[ROUTE_ROCKETCHAT] = HOOK("rocketchat", rocketchat_scheme, rocketchat_read, rocketchat_headers),
	[ROUTE_HUBSPOT] = {HOOK_PARTS("hubspot", hubspot_scheme, hubspot_read, hubspot_headers),
			   .signs_url = true},
	[ROUTE_DYNAMICS] = HOOK("dynamics", dynamics_scheme, dynamics_read, dynamics_headers),
	[ROUTE_SALESFORCE] = HOOK("salesforce", hook_password, salesforce_read, password_headers),
	[ROUTE_PREFLIGHT] = {.name = "preflight", .methods = "OPTIONS"},
	[ROUTE_HEALTHZ] = {.name = "healthz",
			   .methods = "GET, HEAD, OPTIONS",
			   .path = "/healthz",
			   .content_type = TEXT},
	[ROUTE_READYZ] = {.name = "readyz",
			  .methods = "GET, HEAD, OPTIONS",
			  .path = "/readyz",
			  .content_type = TEXT},
	[ROUTE_METRICS] = {.name = "metrics",
			   .methods = "GET, HEAD, OPTIONS",
			   .path = "/metrics",
			   .is_private = true,
			   .content_type = "text/plain; version=0.0.4; charset=utf-8"},
	[ROUTE_UNKNOWN] = {.name = "unknown", .methods = "GET, HEAD, POST, OPTIONS"},
};

static bool is_listed(const struct collect_conf *conf, size_t list, const char *path)
{
	const struct yaml_texts *paths = (const void *)((const char *)conf + list);
	for (size_t i = 0; i < paths->count; i++) {
		if (strcmp(paths->items[i], path) == 0) {
			return true;
		}
	}
	return false;
}

/* Is it that path, with anything in place of the `*`? */
static bool is_like(const char *pattern, const char *path)
{
	const char *star = strchr(pattern, '*');
	if (star == NULL) {
		return strcmp(pattern, path) == 0;
	}
	size_t before = (size_t)(star - pattern), after = strlen(star + 1), size = strlen(path);
	return size >= before + after && strncmp(pattern, path, before) == 0 &&
	       strcmp(star + 1, path + size - after) == 0;
}

static bool is_fixed(const char *const *paths, const char *path)
{
	for (size_t i = 0; paths[i] != NULL; i++) {
		if (is_like(paths[i], path)) {
			return true;
		}
	}
	return false;
}

static bool has_path(const struct route_about *about, const struct collect_conf *conf, const struct hook *hook,
		     const char *path, bool is_admin)
{
	if (about->path != NULL) {
		return strcmp(about->path, path) == 0 && (is_admin || !about->is_private);
	}
	if (about->source == NULL || is_admin) {
		return false;
	}
	if (about->scheme != NULL) {
		return hook != NULL && strcmp(hook->source, about->source) == 0;
	}
	if (about->fixed_paths != NULL) {
		return is_fixed(about->fixed_paths, path);
	}
	return is_listed(conf, about->paths, path) ||
	       (about->more_paths != 0 && is_listed(conf, about->more_paths, path));
}

enum route route_find(const struct collect_conf *conf, const struct hook *hook, const char *method,
		      const char *path, bool is_admin)
{
	enum route refusing = ROUTE_UNKNOWN;
	for (enum route route = 0; route < ROUTE_UNKNOWN; route++) {
		if (has_path(&routes[route], conf, hook, path, is_admin)) {
			if (route_allows(route, method)) {
				return route;
			}
			refusing = refusing == ROUTE_UNKNOWN ? route : refusing;
		}
	}
	return refusing;
}

const struct route_about *route_of_hook(const char *source)
{
	for (enum route route = 0; route < ROUTE_COUNT; route++) {
		if (routes[route].scheme != NULL && strcmp(routes[route].source, source) == 0) {
			return &routes[route];
		}
	}
	return NULL;
}

size_t route_hook_sources(const char *ret_names[static ROUTE_COUNT])
{
	size_t count = 0;
	for (enum route route = 0; route < ROUTE_COUNT; route++) {
		if (routes[route].scheme != NULL) {
			ret_names[count++] = routes[route].source;
		}
	}
	return count;
}

bool route_allows(enum route route, const char *method)
{
	const char *methods = routes[route].methods;
	size_t size = strlen(method);
	for (const char *at = methods; size > 0 && (at = strstr(at, method)) != NULL; at += size) {
		bool begins = at == methods || at[-1] == ' ';
		if (begins && (at[size] == ',' || at[size] == '\0')) {
			return true;
		}
	}
	return false;
}
