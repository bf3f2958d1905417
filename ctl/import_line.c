/*
 * A line of a table → what it says → the event that it makes.
 *
 * Consent decides what goes on: without the person's word in the line itself an address is its keyed id, and names stay here.
 */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "core/base/check.h"
#include "core/base/domain.h"
#include "core/base/hash.h"
#include "core/base/text.h"
#include "core/base/unicode.h"
#include "core/flow/decode.h"
#include "core/model/consent.h"
#include "ctl/import.h"

static const size_t most[IMPORT_FIELD_COUNT] = {
#define IMPORT_FIELD_MOST(name, most) [IMPORT_##name] = (most),
	IMPORT_FIELD_LIST(IMPORT_FIELD_MOST)
#undef IMPORT_FIELD_MOST
};

static bool refuse(struct import_refusal *refusal, const char *field, const char *why)
{
	*refusal = (struct import_refusal){.field = field, .why = why};
	return false;
}

/* ---- Its texts ---- */

/* Why not, or NULL. */
static const char *read_cell(const struct import_cell *cell, enum import_field field, struct arena *arena,
			     const char **ret_text)
{
	if (!text_is_utf8(cell->text, cell->size)) {
		return "not in the encoding of the file";
	}
	size_t size;
	const char *trimmed = unicode_trim(cell->text, &size);
	if (size > 4 * most[field]) {
		return "too long";
	}
	char *text = arena_take(arena, 4 * most[field] + 1);
	CHECK(text != NULL);
	if (!unicode_nfc(trimmed, size, 4 * most[field], text) || strlen(text) > most[field]) {
		return "too long";
	}
	for (char *at = text; *at != '\0'; at++) { /* a break within a cell */
		if (*at == '\n' || *at == '\t') {
			*at = ' ';
		}
	}
	if (text_has_controls(text, strlen(text))) {
		return "control characters";
	}
	if (field != IMPORT_email && text_has_address(text)) {
		return "a mail address, which belongs into column email";
	}
	*ret_text = text;
	return NULL;
}

bool import_line_read(const struct import_csv *csv, const struct import_columns *columns, struct arena *arena,
		      struct import_said *ret_said, struct import_refusal *ret_refusal)
{
	if (csv->trouble != NULL) {
		return refuse(ret_refusal, "", csv->trouble);
	}
	for (size_t i = 0; i < IMPORT_FIELD_COUNT; i++) {
		ret_said->text[i] = "";
	}
	for (size_t i = 0; i < csv->count; i++) {
		if (i >= columns->count && csv->cells[i].size > 0) {
			return refuse(ret_refusal, "", "more columns than the first line");
		}
		enum import_field field = i < columns->count ? columns->column[i].field : IMPORT_NOTHING;
		if (field == IMPORT_NOTHING) {
			continue;
		}
		const char *why = read_cell(&csv->cells[i], field, arena, &ret_said->text[field]);
		if (why != NULL) {
			return refuse(ret_refusal, import_field_name(field), why);
		}
	}
	return true;
}

/* ---- Its event ---- */

/* What is under way. */
struct making {
	const struct import_said *said;
	const struct import_way *way;
	struct arena *arena;
	struct import_touch *touch;
	struct import_refusal *refusal;
	struct event event;
	struct event_property currency;
	char email[IDENTITY_EMAIL_SIZE_MAX + 1];
};

static bool take_moment(struct making *making)
{
	const char *date = making->said->text[IMPORT_date], *time = making->said->text[IMPORT_time], *why = NULL;
	bool alone = date[0] == '\0';
	if (!import_words_moment(alone ? time : date, alone ? "" : time, making->way->order, making->way->offset,
				 &making->touch->at_us, &why)) {
		return refuse(making->refusal,
			      import_field_name(alone && time[0] != '\0' ? IMPORT_time : IMPORT_date), why);
	}
	making->event.occurred_us = making->touch->at_us;
	return true;
}

static bool take_consent(struct making *making)
{
	enum statement *profile = &making->event.consent.profile;
	if (!import_words_consent(making->said->text[IMPORT_consent], profile)) {
		return refuse(making->refusal, "consent", "expected granted, denied or nothing");
	}
	making->touch->consent = *profile;
	if (*profile == STATEMENT_GRANTED) { /* whose behaviour may be kept as theirs, of them this may */
		making->event.consent.analytics = STATEMENT_GRANTED;
	}
	if (!consent_allows(&making->way->conf->consent, CHANNEL_OFFLINE, making->event.consent.analytics)) {
		return refuse(making->refusal, "consent", "none, and consent.offline is require");
	}
	return true;
}

static bool take_cost(struct making *making)
{
	const char *cost = making->said->text[IMPORT_cost], *code = making->said->text[IMPORT_currency], *why;
	if (cost[0] == '\0') {
		return true;
	}
	if (!import_words_amount(cost, making->way->mark, &making->touch->cost, &why)) {
		return refuse(making->refusal, "cost", why);
	}
	char *upper = arena_take(making->arena, IMPORT_CURRENCY_SIZE);
	CHECK(upper != NULL);
	if (!import_words_currency(code[0] != '\0' ? code : making->way->currency, upper)) {
		return refuse(making->refusal, "currency",
			      "expected three letters, as EUR, where there is a cost");
	}
	making->touch->has_cost = making->event.has_value = true;
	making->touch->currency = upper;
	making->event.value = (double)making->touch->cost / IMPORT_AMOUNT_UNIT;
	making->currency = (struct event_property){.key = "currency", .value = upper};
	making->event.properties = &making->currency;
	making->event.properties_count = 1;
	return true;
}

static bool take_names(struct making *making)
{
	const char *const *text = making->said->text, *domain = text[IMPORT_domain];
	char normal[DOMAIN_SIZE_MAX + 1];
	if (domain[0] != '\0' && !domain_normalise(domain, normal)) {
		return refuse(making->refusal, "domain", "not a domain, as nordlys.test");
	}
	making->event.content.title = making->event.campaign.name = text[IMPORT_campaign];
	if (making->touch->consent == STATEMENT_GRANTED) {
		making->event.identity.name = text[IMPORT_name];
		making->event.identity.title = text[IMPORT_title];
		making->event.identity.role = text[IMPORT_role];
		making->event.identity.company = text[IMPORT_company];
		making->event.identity.company_domain = domain;
	}
	return true;
}

static bool take_identity(struct making *making)
{
	const char *email = making->said->text[IMPORT_email];
	making->event.identity.user_id = making->said->text[IMPORT_user_id];
	making->event.identity.crm_id = making->said->text[IMPORT_crm_id];
	if (email[0] != '\0' && !identify_normalise_email(email, making->email)) {
		return refuse(making->refusal, "email", "not a mail address");
	}
	if (email[0] != '\0' && making->touch->consent == STATEMENT_GRANTED) {
		making->event.identity.email = making->email;
	} else if (email[0] != '\0') {
		struct uuid id = identify_actor_id(&making->way->key->key, ACTOR_EMAIL, "", making->email);
		making->event.identity.has_email_actor = true;
		memcpy(making->event.identity.email_actor, id.bytes, sizeof(id.bytes));
	}
	return true;
}

/* Keyed, so that nobody who sees it finds out whom it is about by trying. */
static bool make_id(struct making *making)
{
	char read[96]; /* what was read, whatever words it was said in */
	snprintf(read, sizeof(read), "%" PRId64 " %d %" PRId64 " %s", making->touch->at_us,
		 (int)making->touch->consent, making->touch->has_cost ? making->touch->cost : -1,
		 making->touch->currency);
	const char *const *text = making->said->text;
	const char *const said[] = {
		making->way->kind,    making->way->site,    read,
		making->email,	      text[IMPORT_user_id], text[IMPORT_crm_id],
		text[IMPORT_name],    text[IMPORT_title],   text[IMPORT_role],
		text[IMPORT_company], text[IMPORT_domain],  text[IMPORT_campaign],
	};
	struct hash_piece pieces[COUNT_OF(said)];
	for (size_t i = 0; i < COUNT_OF(said); i++) {
		pieces[i] = (struct hash_piece){said[i], strlen(said[i])};
	}
	uint8_t hash[HASH_SIZE];
	const struct identity_key *key = &making->way->key->key;
	hash_hmac(key->bytes, key->size, pieces, COUNT_OF(pieces), hash);
	memcpy(&making->touch->id, hash, sizeof(making->touch->id));
	making->event.id = arena_print(making->arena, "import-%016" PRIx64, making->touch->id);
	return making->event.id != NULL;
}

/* Through the daemon's own door. */
static bool pass(struct making *making)
{
	struct message sent_as = {.timestamp_us = making->way->now_us};
	struct reject reject;
	bool fits = encode_event(&making->event, making->arena, &sent_as.value, &sent_as.size);
	CHECK(fits);
	enum outcome outcome = produce_message(&sent_as, making->way->conf, making->way->key, making->arena,
					       &making->touch->message, &reject);
	if (outcome == OUTCOME_time_out_of_range) {
		return refuse(making->refusal, "date", "before the year 2000, or still to come");
	}
	if (outcome != OUTCOME_NONE) {
		return refuse(making->refusal, "", outcome_about[outcome].help);
	}
	return making->touch->message.has_key ||
	       refuse(making->refusal, "", "nobody: no email, user_id or crm_id that could be somebody's");
}

bool import_line_make(const struct import_said *said, const struct import_way *way, struct arena *arena,
		      struct import_touch *ret_touch, struct import_refusal *ret_refusal)
{
	static bool (*const steps[])(struct making *) = {
		take_moment, take_consent, take_cost, take_names, take_identity, make_id, pass,
	};
	struct making making = {.said = said,
				.way = way,
				.arena = arena,
				.touch = ret_touch,
				.refusal = ret_refusal,
				.event = event_blank};
	*ret_touch = (struct import_touch){.currency = ""};
	making.event.source = IMPORT_SOURCE;
	making.event.site = way->site;
	making.event.label = way->kind;
	making.event.channel = CHANNEL_OFFLINE;
	making.event.action = ACTION_TOUCH;
	making.event.party = PARTY_PERSON;
	bool made = true;
	for (size_t i = 0; i < COUNT_OF(steps) && made; i++) {
		made = steps[i](&making);
	}
	explicit_bzero(making.email, sizeof(making.email));
	return made;
}
