#include "collector/screen.h"

#include <assert.h>
#include <inttypes.h>
#include <string.h>
#include <strings.h>

#include "collector/conf.h"
#include "collector/user_agents.h"
#include "core/base/arena.h"
#include "core/base/check.h"
#include "core/base/hash.h"
#include "core/base/text.h"

/* --- machines --- */

static bool is_prefetch(const struct source_request *request)
{
	static const struct {
		enum source_header header;
		const char *value; /* how it begins */
	} rows[] = {
		{SOURCE_SEC_PURPOSE, "prefetch"}, {SOURCE_PURPOSE, "prefetch"},	 {SOURCE_X_MOZ, "prefetch"},
		{SOURCE_X_PURPOSE, "preview"},	  {SOURCE_X_PURPOSE, "instant"},
	};
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		if (strncasecmp(request->header[rows[i].header], rows[i].value, strlen(rows[i].value)) == 0) {
			return true;
		}
	}
	return request->is_head;
}

static bool holds_one_of(const char *agent, const char *const *names, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		if (strcasestr(agent, names[i]) != NULL) {
			return true;
		}
	}
	return false;
}

static unsigned agent_reasons(const char *agent, const struct screen_options *options)
{
	if (agent[0] == '\0' || strcasecmp(agent, "Mozilla/5.0") == 0) { /* each browser says what it runs on */
		return MACHINE_NO_USER_AGENT;
	}
	bool is_machine = holds_one_of(agent, options->user_agents, options->user_agents_count) ||
			  (user_agents_has(agent) &&
			   !holds_one_of(agent, options->known_agents, options->known_agents_count));
	return is_machine ? MACHINE_USER_AGENT : 0;
}

unsigned screen_machine(const struct source_request *request, const char *agent,
			const struct screen_options *options)
{
	unsigned reasons = is_prefetch(request) ? MACHINE_PREFETCH : 0;
	if (agent != NULL) {
		return reasons | (agent[0] != '\0' ? agent_reasons(agent, options) : 0);
	}
	return reasons | agent_reasons(request->header[SOURCE_USER_AGENT], options);
}

/* --- steps --- */

struct screening {
	struct event *event;
	const struct screen_options *options;
	struct arena *arena;
	const char *field;
};

static enum outcome ask_consent(struct screening *screening)
{
	const struct event *event = screening->event;
	return consent_allows(screening->options->consent, event->channel, event->consent.analytics)
		       ? OUTCOME_NONE
		       : OUTCOME_no_consent;
}

/*
 * The id tells copies of an event apart, so it can be neither masked nor left out. One that was made for want of another is a
 * hash of what the event says, an address perhaps among it: keyed, it lets nobody find out which.
 */
static enum outcome check_id(struct screening *screening)
{
	struct event *event = screening->event;
	screening->field = "id";
	if (strncmp(event->id, SOURCE_MADE_ID, sizeof(SOURCE_MADE_ID) - 1) == 0) {
		const struct identity_key *key = screening->options->identify.key;
		const struct hash_piece piece = {event->id, strlen(event->id)};
		uint8_t hash[HASH_SIZE];
		uint64_t first;
		hash_hmac(key->bytes, key->size, &piece, 1, hash);
		memcpy(&first, hash, sizeof(first));
		event->id = arena_print(screening->arena, SOURCE_MADE_ID "%016" PRIx64, first);
		return event->id != NULL ? OUTCOME_NONE : OUTCOME_too_large;
	}
	return text_has_address(event->id) ? OUTCOME_bad_value : OUTCOME_NONE;
}

/* Trackers are often told to use the address as user id. It is an address then, wherever it stands. */
static void move_address(struct event *event)
{
	const char **const strong[] = {&event->identity.user_id, &event->identity.crm_id};
	for (size_t i = 0; i < COUNT_OF(strong); i++) {
		if (text_has_address(*strong[i])) {
			if (event->identity.email[0] == '\0') {
				event->identity.email = *strong[i];
			}
			*strong[i] = "";
		}
	}
}

static enum outcome settle_identity(struct screening *screening)
{
	struct event *event = screening->event;
	const struct identify_options *options = &screening->options->identify;
	bool may_be_known = event->consent.profile == STATEMENT_GRANTED;
	move_address(event);
	char email[IDENTITY_EMAIL_SIZE_MAX + 1];
	bool usable = event->identity.email[0] != '\0' && identify_normalise_email(event->identity.email, email) &&
		      !identify_is_blocked(email, options);
	event->identity.email = "";
	event->identity.has_email_actor = false;
	if (usable && may_be_known) {
		event->identity.email = arena_text(screening->arena, email, strlen(email));
		if (event->identity.email == NULL) {
			return OUTCOME_too_large;
		}
	} else if (usable) {
		struct uuid id = identify_actor_id(options->key, ACTOR_EMAIL, "", email);
		static_assert(sizeof(id.bytes) == sizeof(event->identity.email_actor), "one actor id");
		memcpy(event->identity.email_actor, id.bytes, sizeof(id.bytes));
		event->identity.has_email_actor = true;
	}
	if (!may_be_known) {
		event->identity.name = event->identity.title = event->identity.role = "";
		event->identity.company = event->identity.company_domain = "";
	}
	explicit_bzero(email, sizeof(email));
	return OUTCOME_NONE;
}

/* How many of them are no addresses, which then stand first. */
static unsigned keep_ids(const char **ids, unsigned count)
{
	unsigned kept = 0;
	for (unsigned i = 0; i < count; i++) {
		if (!text_has_address(ids[i])) {
			ids[kept++] = ids[i];
		}
	}
	return kept;
}

/* Weak identifiers and sessions are compared, never read: a masked one would be another one, so it is left out. */
static enum outcome drop_ids(struct screening *screening)
{
	struct event *event = screening->event;
	const char **const ids[] = {
		&event->identity.anonymous_id, &event->identity.visitor_id, &event->identity.recipient_id,
		&event->identity.previous_id,  &event->session_id,	    &event->thread_id,
	};
	for (size_t i = 0; i < COUNT_OF(ids); i++) {
		if (text_has_address(*ids[i])) {
			*ids[i] = "";
		}
	}
	event->opportunity.contact_ids_count =
		keep_ids(event->opportunity.contact_ids, event->opportunity.contact_ids_count);
	event->opportunity.left_contact_ids_count =
		keep_ids(event->opportunity.left_contact_ids, event->opportunity.left_contact_ids_count);
	return OUTCOME_NONE;
}

static enum outcome mask_texts(struct screening *screening)
{
	struct event *event = screening->event;
	const char **const texts[] = {
		&event->site,
		&event->label,
		&event->process,
		&event->identity.name,
		&event->identity.title,
		&event->identity.role,
		&event->identity.company,
		&event->identity.company_domain,
		&event->consent.policy,
		&event->content.url,
		&event->content.title,
		&event->content.content_id,
		&event->content.form_id,
		&event->content.target_url,
		&event->content.search,
		&event->content.topic,
		&event->content.language,
		&event->content.referrer,
		&event->campaign.source,
		&event->campaign.medium,
		&event->campaign.name,
		&event->campaign.term,
		&event->campaign.content,
		&event->campaign.message_id,
		&event->opportunity.id,
		&event->opportunity.stage,
		&event->opportunity.currency,
		&event->opportunity.owner,
	};
	for (size_t i = 0; i < COUNT_OF(texts); i++) {
		if (text_has_address(*texts[i])) {
			char *masked = arena_text(screening->arena, *texts[i], strlen(*texts[i]));
			if (masked == NULL) {
				return OUTCOME_too_large;
			}
			text_mask_addresses(masked);
			*texts[i] = masked;
		}
	}
	return OUTCOME_NONE;
}

static enum outcome drop_properties(struct screening *screening)
{
	struct event *event = screening->event;
	unsigned kept = 0;
	for (unsigned i = 0; i < event->properties_count; i++) {
		if (!text_has_address(event->properties[i].key) && !text_has_address(event->properties[i].value)) {
			event->properties[kept++] = event->properties[i];
		}
	}
	event->properties_count = kept;
	return OUTCOME_NONE;
}

static enum outcome (*const steps[])(struct screening *screening) = {
	ask_consent, check_id, settle_identity, drop_ids, mask_texts, drop_properties,
};

enum outcome screen_event(struct event *event, const struct screen_options *options, struct arena *arena,
			  const char **ret_field)
{
	struct screening screening = {.event = event, .options = options, .arena = arena, .field = ""};
	enum outcome outcome = OUTCOME_NONE;
	for (size_t i = 0; i < COUNT_OF(steps) && outcome == OUTCOME_NONE; i++) {
		outcome = steps[i](&screening);
	}
	*ret_field = screening.field;
	return outcome;
}
