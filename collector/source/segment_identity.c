/*
 * Who a message is about, and what its visitor consented to.
 *
 * Traits are free: what is not of the kind that is looked for is left out, and no fault of the message.
 */
#include <string.h>
#include <strings.h>

#include "collector/source/segment_event.h"
#include "collector/source/url.h"
#include "core/base/arena.h"
#include "core/base/check.h"

#define NAME_SIZE_MAX 128
#define EMAIL_SIZE_MAX 254
#define ID_SIZE_MAX 256

/* A text of the traits to *to, which keeps what it has. */
static enum outcome take(struct reading *reading, const struct json_node *traits, const char *path, size_t max,
			 const char **to)
{
	const struct json_node *node = (*to)[0] == '\0' ? reading_find(traits, path) : NULL;
	if (node == NULL || node->kind != JSON_TEXT) {
		return OUTCOME_NONE;
	}
	reading->field = path;
	return reading_copy(reading, node->text, max, to);
}

struct trait {
	const char *path;
	size_t limit, to;
};

#define TO(member) offsetof(struct event, identity.member)

static enum outcome take_all(struct reading *reading, const struct json_node *traits, const struct trait *rows,
			     size_t count)
{
	enum outcome outcome = OUTCOME_NONE;
	for (size_t i = 0; i < count && outcome == OUTCOME_NONE; i++) {
		outcome = take(reading, traits, rows[i].path, rows[i].limit,
			       (const char **)(void *)((char *)reading->event + rows[i].to));
	}
	return outcome;
}

/* "Ann" and "Lee", where the whole name is not there. */
static enum outcome take_names(struct reading *reading, const struct json_node *traits)
{
	static const char *const firsts[] = {"firstName", "firstname", "first_name"};
	static const char *const lasts[] = {"lastName", "lastname", "last_name"};
	const char *first = "", *last = "";
	enum outcome outcome = OUTCOME_NONE;
	for (size_t i = 0; i < COUNT_OF(firsts) && outcome == OUTCOME_NONE; i++) {
		outcome = take(reading, traits, firsts[i], NAME_SIZE_MAX, &first);
		outcome =
			outcome != OUTCOME_NONE ? outcome : take(reading, traits, lasts[i], NAME_SIZE_MAX, &last);
	}
	if (outcome != OUTCOME_NONE || reading->event->identity.name[0] != '\0') {
		return outcome;
	}
	const char *name =
		arena_print(reading->arena, "%s%s%s", first, first[0] != '\0' && last[0] != '\0' ? " " : "", last);
	return name != NULL ? reading_copy(reading, name, NAME_SIZE_MAX, &reading->event->identity.name)
			    : OUTCOME_too_large;
}

/* "https://www.acme.test/about" and "acme.test" are both "acme.test". */
static enum outcome take_domain(struct reading *reading, const struct json_node *traits, const char *path)
{
	const char **to = &reading->event->identity.company_domain;
	const char *text = "", *host;
	size_t size;
	enum outcome outcome = (*to)[0] == '\0' ? take(reading, traits, path, URL_SIZE_MAX, &text) : OUTCOME_NONE;
	if (outcome != OUTCOME_NONE || text[0] == '\0') {
		return outcome;
	}
	if (!url_host(text, &host, &size)) {
		host = text;
		size = strcspn(text, "/?#:");
	}
	if (size > 4 && strncasecmp(host, "www.", 4) == 0) {
		host += 4;
		size -= 4;
	}
	const char *domain = arena_text(reading->arena, host, size);
	return domain != NULL ? reading_copy(reading, domain, NAME_SIZE_MAX, to) : OUTCOME_too_large;
}

static enum outcome take_person(struct reading *reading, const char *path)
{
	static const struct trait rows[] = {
		{"email", EMAIL_SIZE_MAX + 1, TO(email)},    {"name", NAME_SIZE_MAX, TO(name)},
		{"title", NAME_SIZE_MAX, TO(title)},	     {"jobTitle", NAME_SIZE_MAX, TO(title)},
		{"job_title", NAME_SIZE_MAX, TO(title)},     {"role", NAME_SIZE_MAX, TO(role)},
		{"company", NAME_SIZE_MAX, TO(company)},     {"company.name", NAME_SIZE_MAX, TO(company)},
		{"companyName", NAME_SIZE_MAX, TO(company)}, {"company_name", NAME_SIZE_MAX, TO(company)},
	};
	static const char *const domains[] = {"company.domain", "company.website", "companyDomain"};
	const struct json_node *traits = reading_find(reading->message, path);
	enum outcome outcome = take_all(reading, traits, rows, COUNT_OF(rows));
	outcome = outcome != OUTCOME_NONE ? outcome : take_names(reading, traits);
	for (size_t i = 0; i < COUNT_OF(domains) && outcome == OUTCOME_NONE; i++) {
		outcome = take_domain(reading, traits, domains[i]);
	}
	return outcome;
}

/* The traits of a group call are the company's. */
static enum outcome take_company(struct reading *reading)
{
	static const struct trait rows[] = {{"name", NAME_SIZE_MAX, TO(company)}};
	const struct json_node *traits = reading_find(reading->message, "traits");
	enum outcome outcome = take_all(reading, traits, rows, COUNT_OF(rows));
	outcome = outcome != OUTCOME_NONE ? outcome : take_domain(reading, traits, "domain");
	return outcome != OUTCOME_NONE ? outcome : take_domain(reading, traits, "website");
}

enum outcome segment_identity(struct reading *reading)
{
	static const struct reading_row ids[] = {
		{"anonymousId", ID_SIZE_MAX, TO(anonymous_id)},
		{"userId", ID_SIZE_MAX, TO(user_id)},
	};
	const struct segment_call *call = reading->around;
	struct event *event = reading->event;
	enum outcome outcome = reading_texts(reading, ids, COUNT_OF(ids));
	if (outcome == OUTCOME_NONE && event->identity.anonymous_id[0] == '\0') {
		reading->field = "AnonymousId";
		outcome = reading_copy(reading, call->header_id, ID_SIZE_MAX, &event->identity.anonymous_id);
	}
	if (outcome == OUTCOME_NONE && event->action == ACTION_ALIAS) {
		outcome = reading_text(reading, "previousId", ID_SIZE_MAX, &event->identity.previous_id);
	}
	if (outcome == OUTCOME_NONE) {
		outcome = event->action == ACTION_GROUP ? take_company(reading) : take_person(reading, "traits");
	}
	outcome = outcome != OUTCOME_NONE ? outcome : take_person(reading, "context.traits");
	if (strlen(event->identity.email) > EMAIL_SIZE_MAX) {
		event->identity.email = ""; /* cut, it would be somebody else's */
	}
	return outcome;
}

/* ---- consent ---- */

struct scopes {
	const char *const *names;
	size_t count;
};

/* What was said of these scopes by a list of categories, or a map of categories to whether they are allowed. */
struct said {
	bool denied, allowed; /* was one of them */
};

static bool is_one_of(const struct scopes *scopes, const char *name)
{
	for (size_t i = 0; i < scopes->count; i++) {
		if (strcasecmp(scopes->names[i], name) == 0) {
			return true;
		}
	}
	return false;
}

static void listen(const struct json_node *categories, const struct scopes *scopes, bool is_allowed,
		   struct said *said)
{
	for (size_t i = 0; categories != NULL && i < categories->count; i++) {
		const struct json_node *item = categories->items[i];
		const char *name = categories->kind == JSON_MAP ? categories->keys[i] : item->text;
		bool names_one =
			categories->kind == JSON_MAP || (categories->kind == JSON_LIST && item->kind == JSON_TEXT);
		if (names_one && is_one_of(scopes, name)) {
			bool is_yes =
				categories->kind == JSON_MAP ? item->kind == JSON_BOOL && item->flag : is_allowed;
			said->allowed = said->allowed || is_yes;
			said->denied = said->denied || !is_yes;
		}
	}
}

/* A no counts before a yes to another of the names. Whoever was asked and named nothing has consented to nothing. */
static enum statement statement_of(const struct said *said, bool is_empty, enum statement otherwise)
{
	return said->denied || is_empty ? STATEMENT_DENIED : said->allowed ? STATEMENT_GRANTED : otherwise;
}

static size_t count_of(const struct json_node *list)
{
	return list != NULL && (list->kind == JSON_LIST || list->kind == JSON_MAP) ? list->count : 0;
}

enum outcome segment_consent(struct reading *reading)
{
	const struct json_node *map = reading_find(reading->message, "context.consent.categoryPreferences");
	const struct json_node *allowed =
		reading_find(reading->message, "context.consentManagement.allowedConsentIds");
	const struct json_node *denied =
		reading_find(reading->message, "context.consentManagement.deniedConsentIds");
	const struct source_options *options = reading->options;
	const struct scopes analytics_scopes = {options->segment.analytics_scopes,
						options->segment.analytics_scopes_count};
	const struct scopes profile_scopes = {options->segment.profile_scopes,
					      options->segment.profile_scopes_count};
	if (map != NULL && map->kind != JSON_MAP) {
		reading->field = "context.consent.categoryPreferences";
		return OUTCOME_bad_value;
	}
	if (map == NULL && allowed == NULL && denied == NULL) {
		return OUTCOME_NONE;
	}
	struct said analytics = {0}, profile = {0};
	const struct json_node *const lists[] = {map, allowed, denied};
	for (size_t i = 0; i < COUNT_OF(lists); i++) {
		listen(lists[i], &analytics_scopes, lists[i] == allowed, &analytics);
		listen(lists[i], &profile_scopes, lists[i] == allowed, &profile);
	}
	bool is_empty = count_of(map) + count_of(allowed) + count_of(denied) == 0;
	reading->event->consent.analytics = statement_of(&analytics, is_empty, STATEMENT_DENIED);
	reading->event->consent.profile = statement_of(&profile, is_empty, STATEMENT_UNSAID);
	return OUTCOME_NONE;
}
