#include "collector/source/person.h"

#include <string.h>
#include <strings.h>

#include "collector/source/url.h"
#include "core/base/arena.h"
#include "core/base/check.h"

#define NAME_SIZE_MAX 128

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

enum outcome person_read(struct reading *reading, const char *path)
{
	static const struct trait rows[] = {
		{"email", PERSON_EMAIL_SIZE_MAX + 1, TO(email)},
		{"name", NAME_SIZE_MAX, TO(name)},
		{"title", NAME_SIZE_MAX, TO(title)},
		{"jobTitle", NAME_SIZE_MAX, TO(title)},
		{"job_title", NAME_SIZE_MAX, TO(title)},
		{"role", NAME_SIZE_MAX, TO(role)},
		{"company", NAME_SIZE_MAX, TO(company)},
		{"company.name", NAME_SIZE_MAX, TO(company)},
		{"companyName", NAME_SIZE_MAX, TO(company)},
		{"company_name", NAME_SIZE_MAX, TO(company)},
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

enum outcome person_company(struct reading *reading, const char *path)
{
	static const struct trait rows[] = {{"name", NAME_SIZE_MAX, TO(company)}};
	const struct json_node *traits = reading_find(reading->message, path);
	enum outcome outcome = take_all(reading, traits, rows, COUNT_OF(rows));
	outcome = outcome != OUTCOME_NONE ? outcome : take_domain(reading, traits, "domain");
	return outcome != OUTCOME_NONE ? outcome : take_domain(reading, traits, "website");
}

void person_settle(struct reading *reading)
{
	if (strlen(reading->event->identity.email) > PERSON_EMAIL_SIZE_MAX) {
		reading->event->identity.email = "";
	}
}
