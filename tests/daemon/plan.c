#include "tests/daemon/plan.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "core/base/check.h"
#include "core/flow/attribute.h"
#include "core/flow/decode.h"
#include "tests/random.h"

struct event plan_blank(void)
{
	struct event event = event_blank;
	event.source = "snowplow";
	event.site = "nordlys";
	event.channel = CHANNEL_WEB;
	event.action = ACTION_PAGE_VIEW;
	event.party = PARTY_PERSON;
	event.consent.analytics = STATEMENT_GRANTED;
	return event;
}

struct plan_message *plan_add_message(struct plan *plan)
{
	CHECK(plan->count < PLAN_MESSAGES_MAX);
	struct plan_message *message = &plan->messages[plan->count++];
	*message = (struct plan_message){.topic = 0};
	return message;
}

void plan_add(struct plan *plan, const struct event *event, struct arena *arena)
{
	static const uint16_t topics[CHANNEL_COUNT] = {
		[CHANNEL_EMAIL] = 1, [CHANNEL_CHAT] = 2, [CHANNEL_CRM] = 3, [CHANNEL_OFFLINE] = 3};
	struct plan_message *message = plan_add_message(plan);
	struct event *kept = arena_take(arena, sizeof(*kept));
	CHECK(kept != NULL);
	*kept = *event;
	message->event = kept;
	message->topic = topics[event->channel];
	message->message.form = FORM_PROTOBUF;
	message->message.timestamp_us = event->received_us;
	CHECK(encode_event(kept, arena, &message->message.bytes, &message->message.size));
}

static int64_t time_of(const struct plan *plan, size_t number)
{
	const struct event *event = plan->messages[number].event;
	return event != NULL ? event->occurred_us : 0;
}

/* Now and then one changes places with another. */
static void order_by_time(const struct plan *plan, struct world *world, size_t *order)
{
	for (size_t i = 1; i < plan->count; i++) {
		for (size_t j = i; j > 0 && time_of(plan, order[j - 1]) > time_of(plan, order[j]); j--) {
			size_t swap = order[j];
			order[j] = order[j - 1];
			order[j - 1] = swap;
		}
	}
	for (size_t i = 1; i < plan->count; i++) {
		size_t other = world_random(world, 10) == 0 ? world_random(world, i) : i;
		size_t swap = order[i];
		order[i] = order[other];
		order[other] = swap;
	}
}

void plan_produce(const struct plan *plan, struct world *world)
{
	size_t order[PLAN_MESSAGES_MAX];
	for (size_t i = 0; i < plan->count; i++) {
		order[i] = i;
	}
	random_shuffle(&world->chance, order, plan->count, sizeof(order[0]));
	if (plan->is_calm) {
		order_by_time(plan, world, order);
	}
	for (size_t i = 0; i < plan->count; i++) {
		const struct plan_message *message = &plan->messages[order[i]];
		int32_t number = plan->is_calm ? 0 : (int32_t)world_random(world, WORLD_PARTITIONS);
		struct partition partition = {message->topic, number};
		if (!message->left_out) {
			world_produce(world, partition, message->message.bytes, message->message.size,
				      message->message.form, message->message.timestamp_us);
		}
	}
	for (size_t i = 0; i < plan->erased_count; i++) {
		struct phase_line arbiter = {
			.contact_id = plan->erased[i].actor_id,
			.process = tables_text("standard"),
			.version = 7,
			.fold = tables_text(""),
			.reported = -1,
			.since_us = INT64_MIN,
			.last_us = INT64_MIN,
			.review_us = INT64_MIN,
		};
		CHECK(tables_insert(&world->tables, TABLE_ERASURE, &plan->erased[i]) &&
		      tables_insert(&world->tables, TABLE_PHASE, &arbiter));
	}
}

static void print_event(const struct event *event)
{
	fprintf(stderr,
		"  %s %s %s at %+.6f min stamped %+.6f received %+.6f | %s%s%s%s%s%s | profile %d contact %d "
		"analytics %d"
		" | party %d reasons %u | %s%s%s%s | %s | %s crm %s before %s\n",
		event->id, action_name(event->action), channel_name(event->channel),
		(double)(event->occurred_us - PLAN_BEGIN_US) / 6e7,
		event->stamped_us == 0 ? -1.0 : (double)(event->stamped_us - PLAN_BEGIN_US) / 6e7,
		(double)(event->received_us - PLAN_BEGIN_US) / 6e7, event->identity.anonymous_id,
		event->identity.visitor_id, event->identity.recipient_id,
		event->identity.user_id[0] != '\0' ? " " : "", event->identity.user_id,
		event->identity.email[0] != '\0' ? event->identity.email : "", event->consent.profile,
		event->consent.contact, event->consent.analytics, event->party, event->machine_reasons,
		event->content.url, event->content.target_url, event->label, event->content.title,
		event->identity.name, event->identity.verified ? "verified" : "", event->identity.crm_id,
		event->identity.previous_id);
}

size_t plan_claims_max(const struct plan *plan)
{
	return plan->seed % 2 == 0 ? 1 + (size_t)(plan->seed / 2 % 6) : ATTRIBUTE_CLAIMS_MAX;
}

void plan_print(const struct plan *plan)
{
	for (size_t i = 0; i < plan->count; i++) {
		const struct plan_message *message = &plan->messages[i];
		if (message->left_out) {
			continue;
		}
		if (message->event != NULL) {
			print_event(message->event);
		} else {
			fprintf(stderr, "  raw, %zu bytes on %s\n", message->message.size,
				world_topics[message->topic]);
		}
	}
	for (size_t i = 0; i < plan->cleared_count; i++) {
		fprintf(stderr, "  reasons cleared of somebody: %x, before %x\n", plan->cleared[i].reasons,
			plan->cleared[i].before);
	}
	for (size_t i = 0; i < plan->erased_count; i++) {
		const struct erasure_line *line = &plan->erased[i];
		fprintf(stderr, "  erased from %+.6f to %+.6f min\n",
			line->from_us == INT64_MIN ? (double)INT64_MIN
						   : (double)(line->from_us - PLAN_BEGIN_US) / 6e7,
			(double)(line->at_us - PLAN_BEGIN_US) / 6e7);
	}
}
