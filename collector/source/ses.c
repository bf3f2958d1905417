#include "collector/source/ses.h"

#include <string.h>

#include "collector/source/mail.h"
#include "collector/source/sns.h"
#include "core/base/arena.h"
#include "core/base/check.h"

#define ADDRESS "emailAddress"
/* How messages begin that are there to try the way, and are no JSON. */
#define TRIED "Successfully validated SNS topic"
#define TRIED_WORD "AmazonSnsSubscriptionSucceeded"

static const struct mail_word words[] = {
	MAIL_DONE("Send", EMAIL_SENT),	   MAIL_DONE("Delivery", EMAIL_DELIVERED),
	MAIL_PERSON("Open", EMAIL_OPEN),   MAIL_PERSON("Click", EMAIL_CLICK),
	MAIL_DONE("Bounce", EMAIL_BOUNCE), MAIL_PERSON("Complaint", EMAIL_COMPLAINT),
	MAIL_DONE("Reject", CUSTOM),	   MAIL_DONE("Rendering Failure", CUSTOM),
	MAIL_DEFERRED("DeliveryDelay"),	   MAIL_PERSON("Subscription", EMAIL_UNSUBSCRIBE),
};

/* Where a message of this kind says when it was, whose it is and by which program. */
static const struct kind {
	const char *word, *time, *recipients, *agent;
	bool is_of_each; /* it is about each of them; else one of them did it, and only of one alone it is known who */
} kinds[] = {
	{"Send", "mail.timestamp", "mail.destination", NULL, true},
	{"Delivery", "delivery.timestamp", "delivery.recipients", NULL, true},
	{"Open", "open.timestamp", "mail.destination", "open.userAgent", false},
	{"Click", "click.timestamp", "mail.destination", "click.userAgent", false},
	{"Bounce", "bounce.timestamp", "bounce.bouncedRecipients", NULL, true},
	{"Complaint", "complaint.timestamp", "complaint.complainedRecipients", NULL, false},
	{"Reject", "mail.timestamp", "mail.destination", NULL, true},
	{"Rendering Failure", "mail.timestamp", "mail.destination", NULL, true},
	{"DeliveryDelay", "deliveryDelay.timestamp", "deliveryDelay.delayedRecipients", NULL, true},
	{"Subscription", "subscription.timestamp", "mail.destination", NULL, false},
};

/* When an event of no known kind was: the mail's time is that of sending. */
static const struct kind other = {NULL, "mail.timestamp", "mail.destination", NULL, false};

/* One event of a message: what its steps look at beside it. */
struct part {
	const struct sns_message *sns;
	const struct kind *kind;
	const struct json_node *address; /* NULL: nobody in particular */
	size_t number;			 /* among the message's events, from 0 */
};

static enum outcome read_recipient(struct reading *reading)
{
	const struct part *part = reading->around;
	struct event *event = reading->event;
	reading->field = "";
	enum outcome outcome = reading_copy(reading, part->sns->id, 128, &event->id);
	if (outcome == OUTCOME_NONE && event->id[0] != '\0' && part->number > 0) {
		event->id = arena_print(reading->arena, "%s-%zu", part->sns->id, part->number);
		outcome = event->id != NULL ? OUTCOME_NONE : OUTCOME_too_large;
	}
	if (part->kind == &other && part->sns->at_us != 0) {
		reading_times(reading, 0, 0, part->sns->at_us);
	}
	if (outcome != OUTCOME_NONE || part->address == NULL) {
		return outcome;
	}
	reading->field = part->kind->recipients;
	const struct json_node *address =
		part->address->kind == JSON_MAP ? json_get(part->address, ADDRESS) : part->address;
	if (address == NULL || address->kind != JSON_TEXT || address->text[0] == '\0') {
		return OUTCOME_bad_value;
	}
	event->identity.verified = true;
	return reading_copy(reading, address->text, 255, &event->identity.email);
}

/* Maps of lists, as SES has tags: each text a property. Its own ones ("ses:…") are about the way that the mail took. */
static enum outcome read_tags(struct reading *reading, const char *path)
{
	const struct json_node *map = reading_find(reading->message, path);
	enum outcome outcome = OUTCOME_NONE;
	for (size_t i = 0; map != NULL && map->kind == JSON_MAP && i < map->count; i++) {
		const struct json_node *values = map->items[i];
		bool is_own = strncmp(map->keys[i], "ses:", 4) == 0 || values->kind != JSON_LIST;
		for (size_t j = 0; !is_own && j < values->count && outcome == OUTCOME_NONE; j++) {
			const char *text = values->items[j]->kind == JSON_TEXT ? values->items[j]->text : "";
			if (strcmp(map->keys[i], "campaign") == 0 && reading->event->campaign.name[0] == '\0') {
				outcome = reading_copy(reading, text, 128, &reading->event->campaign.name);
			}
			outcome =
				outcome == OUTCOME_NONE ? reading_property(reading, map->keys[i], text) : outcome;
		}
	}
	return outcome;
}

static void become(struct event *event, enum party party, const char *label)
{
	event->action = ACTION_CUSTOM;
	event->party = party;
	event->label = label;
}

static const char *text_at(const struct reading *reading, const char *path)
{
	const struct json_node *node = reading_find(reading->message, path);
	return node != NULL && node->kind == JSON_TEXT ? node->text : "";
}

/* Which of a list's topics are opted out of is told by name. */
static bool is_out(const struct json_node *preferences, const char *topic)
{
	const struct json_node *list = json_get(preferences, "topicSubscriptionStatus");
	for (size_t i = 0; list != NULL && list->kind == JSON_LIST && i < list->count; i++) {
		const char *name = json_get_text(list->items[i], "topicName");
		const char *status = json_get_text(list->items[i], "subscriptionStatus");
		if (name != NULL && status != NULL && strcmp(name, topic) == 0) {
			return strcmp(status, "OptOut") == 0;
		}
	}
	return false;
}

/* Is anything taken back that was not before? Whoever comes back takes nothing back. */
static bool is_unsubscribed(const struct reading *reading)
{
	const struct json_node *fresh = reading_find(reading->message, "subscription.newTopicPreferences");
	const struct json_node *old = reading_find(reading->message, "subscription.oldTopicPreferences");
	const struct json_node *all = json_get(fresh, "unsubscribeAll");
	const struct json_node *list = json_get(fresh, "topicSubscriptionStatus");
	if (all != NULL && all->kind == JSON_BOOL && all->flag) {
		return true;
	}
	for (size_t i = 0; list != NULL && list->kind == JSON_LIST && i < list->count; i++) {
		const char *name = json_get_text(list->items[i], "topicName");
		if (name != NULL && is_out(fresh, name) && !is_out(old, name)) {
			return true;
		}
	}
	return false;
}

static void settle_action(struct reading *reading)
{
	struct event *event = reading->event;
	if (event->action == ACTION_EMAIL_BOUNCE &&
	    strcmp(text_at(reading, "bounce.bounceType"), "Transient") == 0) {
		become(event, PARTY_SYSTEM, "deferred");
	} else if (event->action == ACTION_EMAIL_COMPLAINT &&
		   strcmp(text_at(reading, "complaint.complaintSubType"), "OnAccountSuppressionList") == 0) {
		become(event, PARTY_SYSTEM, "suppressed"); /* they complained before; nothing was sent */
	} else if (event->action == ACTION_EMAIL_COMPLAINT &&
		   strcmp(text_at(reading, "complaint.complaintFeedbackType"), "not-spam") == 0) {
		become(event, PARTY_PERSON, "not-spam");
	} else if (event->action == ACTION_EMAIL_UNSUBSCRIBE && !is_unsubscribed(reading)) {
		become(event, PARTY_PERSON, "Subscription");
	}
}

static enum outcome settle(struct reading *reading)
{
	settle_action(reading);
	enum outcome outcome = read_tags(reading, "mail.tags");
	return outcome == OUTCOME_NONE ? read_tags(reading, "click.linkTags") : outcome;
}

static const struct mail_source ses = {
	.source = "ses",
	.words = words,
	.words_count = COUNT_OF(words),
	.unit = READING_RFC3339,
	.recipient = read_recipient,
	.link = "click.link",
	.message = "mail.messageId",
	.settle = settle,
};

static const struct kind *kind_of(const char *word)
{
	for (size_t i = 0; word != NULL && i < COUNT_OF(kinds); i++) {
		if (strcmp(kinds[i].word, word) == 0) {
			return &kinds[i];
		}
	}
	return &other;
}

/* Whom a message is about: as many events as this list has, or one of nobody in particular. */
static bool read_event(const struct source_request *request, const struct source_options *options,
		       struct arena *arena, const struct json_node *root, const struct sns_message *sns,
		       struct source_items *ret_items)
{
	bool is_old = json_get(root, "eventType") == NULL && json_get(root, "notificationType") != NULL;
	const char *key = is_old ? "notificationType" : "eventType";
	const char *word = json_get_text(root, key);
	if (word != NULL && strcmp(word, TRIED_WORD) == 0) {
		return true;
	}
	const struct kind *kind = kind_of(word);
	const struct json_node *list = reading_find(root, kind->recipients);
	if (word != NULL && (list == NULL || list->kind != JSON_LIST || list->count == 0)) {
		return source_reject_all(OUTCOME_bad_value, kind->recipients, request->body, request->body_size,
					 arena, ret_items);
	}
	size_t count = word != NULL && kind->is_of_each ? list->count : 1;
	struct source_item *items = count <= SOURCE_EVENTS_MAX ? arena_zero(arena, count, sizeof(*items)) : NULL;
	if (items == NULL) {
		return false;
	}
	struct mail_source source = ses;
	source.word = key;
	source.times[0] = kind->time;
	source.agent = kind->agent;
	for (size_t i = 0; i < count; i++) {
		const struct part part = {.sns = sns,
					  .kind = kind,
					  .number = i,
					  .address = word != NULL && list->count == count ? list->items[i] : NULL};
		struct reading reading = {
			.request = request, .options = options, .arena = arena, .message = root, .around = &part};
		mail_item(&reading, &source, &items[i]);
	}
	*ret_items = (struct source_items){.count = count, .items = items};
	return true;
}

bool ses_read(const struct source_request *request, const struct source_options *options, struct arena *arena,
	      struct source_items *ret_items)
{
	struct sns_message sns;
	struct json_node *root;
	struct json_trouble trouble;
	if (!sns_open(request, arena, &sns, ret_items)) {
		return false;
	}
	if (sns.root != NULL) {
		return read_event(request, options, arena, sns.root, &sns, ret_items);
	}
	if (sns.text == NULL || strncmp(sns.text, TRIED, sizeof(TRIED) - 1) == 0) {
		return true;
	}
	if (!json_parse(sns.text, strlen(sns.text), SOURCE_DEPTH_MAX, arena, &root, &trouble)) {
		return source_reject_all(reading_outcome(trouble.kind), "Message", request->body,
					 request->body_size, arena, ret_items);
	}
	return read_event(request, options, arena, root, &sns, ret_items);
}
