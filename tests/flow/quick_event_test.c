/*
 * core/flow/quick_event.h: an ordinary event is taken, and whatever is taken is what the careful way makes of it.
 */
#include "core/flow/quick_event.h"

#include "tests/flow/careful.h"
#include "tests/flow/decode_table.h"
#include "tests/random.h"

static struct message encoded(const struct event *event)
{
	struct message message = test_message(FORM_PROTOBUF, NULL, 0);
	ck_assert(encode_event(event, test_arena(), &message.value, &message.size));
	return message;
}

static struct message encoded_json(const char *json)
{
	return encoded(test_decode_json(json));
}

/* Every field that the quick way knows. */
static struct message full(void)
{
	struct message message = test_file(FORM_PROTOBUF, "tests/flow/data/full.binpb");
	struct event *event = test_decode(&message);
	memset(&event->opportunity, 0, sizeof(event->opportunity));
	event->opportunity.probability = event->opportunity.amount = 0.0 / 0.0;
	event->properties_count = 0;
	return encoded(event);
}

#define HEAD \
	"{\"id\":\"0b1c6f0e-8d0c-4a0f-9c53-4a3d6c1a7f11\",\"source\":\"snowplow\",\"site\":\"nordlys\"," \
	"\"channel\":\"WEB\"," \
	"\"action\":\"PAGE_VIEW\",\"occurred_us\":1795600800123456,"

static struct message page_view(void)
{
	return encoded_json(
		HEAD "\"stamped_us\":1795600800000000,\"received_us\":1795600801000000,\"identity\":"
		     "{\"anonymous_id\":\"354a1f9e-2f1c-4f0a-8d3a-5a5f6f3b9c22\"},\"consent\":{\"analytics\":"
		     "\"GRANTED\"},\"content\":{\"url\":\"https://nordlys.test/guides/plotter\",\"title\":"
		     "\"Hvordan velge kartplotter på båt\",\"language\":\"nb\"},\"session_id\":"
		     "\"2e2d1c0b-1111-4222-8333-444455556666\"}");
}

static struct message form(void)
{
	return encoded_json(HEAD
			    "\"identity\":{\"anonymous_id\":\"c-1\",\"email\":\"Ann@firma.test\",\"name\":\"Ann\","
			    "\"verified\":true},\"consent\":{\"analytics\":\"GRANTED\",\"profile\":\"DENIED\"},"
			    "\"content\":{\"form_id\":\"demo\",\"search\":\"ask ann@firma.test or 50%\"},"
			    "\"value\":12.5,\"engaged_ms\":31000,\"machine\":{\"reasons\":16}}");
}

static struct message actor_id(void)
{
	return encoded_json(HEAD "\"identity\":{\"email_actor\":\"AQIDBAUGBwgJCgsMDQ4PEA==\"}}");
}

static struct message (*const events[])(void) = {full, page_view, form, actor_id};

START_TEST(an_ordinary_event_is_taken)
{
	for (size_t i = 0; i < COUNT_OF(events); i++) {
		struct message message = events[i]();
		ck_assert_msg(quick_as_careful(message.value, message.size, test_arena()), "event %zu", i);
	}
}
END_TEST

START_TEST(an_ordinary_event_is_written)
{
	for (size_t i = 0; i < COUNT_OF(events); i++) {
		struct message message = events[i]();
		ck_assert_msg(quick_write_as_careful(test_decode(&message), test_arena()), "event %zu", i);
	}
}
END_TEST

/* Sizes of one and two bytes and of more than there is room for; numbers of any size. */
START_TEST(what_is_written_is_as_the_careful_way_writes_it)
{
	static char text[20000];
	struct message message = full();
	memset(text, 'a', sizeof(text));
	for (size_t size = 0; size < 17000; size += size < 300 ? 1 : 777) {
		struct event event = *test_decode(&message);
		char *end = text + sizeof(text) - 1 - size;
		text[sizeof(text) - 1] = '\0';
		event.content.url = end;
		ck_assert_msg(quick_write_as_careful(&event, test_arena()) || size > 7000, "%zu", size);
		event.content.url = "";
		event.id = end;
		ck_assert_msg(quick_write_as_careful(&event, test_arena()) || size > 7000, "%zu", size);
	}
	for (unsigned bit = 0; bit < 63; bit++) {
		struct event event = event_blank;
		event.occurred_us = INT64_C(1) << bit;
		event.stamped_us = -(INT64_C(1) << bit);
		event.received_us = (INT64_C(1) << bit) - 1;
		event.engaged_ms = UINT32_C(1) << bit % 32;
		event.has_value = bit % 2 == 0;
		event.value = bit % 3 == 0 ? 0 : (double)bit;
		event.rating = 3;
		event.identity.has_email_actor = bit % 5 == 0;
		event.identity.email = bit % 7 == 0 ? "ann@firma.test" : "";
		ck_assert_msg(quick_write_as_careful(&event, test_arena()), "bit %u", bit);
	}
	struct event event = *test_decode(&message);
	event.opportunity.present = true;
	ck_assert(!quick_write_as_careful(&event, test_arena()));
}
END_TEST

START_TEST(what_is_not_said_is_empty)
{
	struct message message = encoded_json(HEAD "\"party\":\"PERSON\"}");
	struct event event;
	memset(&event, 0xff, sizeof(event));
	ck_assert(quick_event_read(message.value, message.size, test_arena(), &event));
	const char *const texts[] = {
		event.label,
		event.session_id,
		event.thread_id,
		event.process,
		event.identity.visitor_id,
		event.identity.recipient_id,
		event.identity.email,
		event.identity.user_id,
		event.identity.crm_id,
		event.identity.previous_id,
		event.identity.name,
		event.identity.title,
		event.identity.role,
		event.identity.company,
		event.identity.company_domain,
		event.consent.policy,
		event.content.url,
		event.content.title,
		event.content.content_id,
		event.content.form_id,
		event.content.target_url,
		event.content.search,
		event.content.topic,
		event.content.language,
		event.content.referrer,
		event.campaign.source,
		event.campaign.medium,
		event.campaign.name,
		event.campaign.term,
		event.campaign.content,
		event.campaign.message_id,
		event.opportunity.id,
		event.opportunity.stage,
		event.opportunity.currency,
		event.opportunity.owner,
		event.identity.anonymous_id,
	};
	for (size_t i = 0; i < COUNT_OF(texts); i++) {
		ck_assert_msg(texts[i] != NULL && texts[i][0] == '\0', "text %zu", i);
	}
	ck_assert(!event.identity.has_email_actor && !event.opportunity.present && !event.has_value);
	ck_assert(event.opportunity.amount != event.opportunity.amount && event.properties_count == 0);
	ck_assert_str_eq(event.site, "nordlys");
}
END_TEST

START_TEST(what_is_out_of_the_ordinary_is_left_to_the_careful_way)
{
	static const struct {
		const char *bytes; /* behind a good event */
		size_t size;
	} rows[] = {
#define ROW(bytes) {bytes, sizeof(bytes) - 1}
		ROW("\xca\x01\x01x"), /* a field of a newer version */
		ROW("\x0a\x01x"),     /* a field twice: the last would hold */
		ROW("\x5a\x15\x22\x01x\x2a\x10"
		    "0123456789abcdef"),		  /* both of a oneof */
		ROW("\xc2\x01\x05\x0a\x01k\x12\x00"),	  /* a property */
		ROW("\x9a\x01\x00"),			  /* an opportunity */
		ROW("\x5b\x5c"),			  /* a group */
		ROW("\x50\x81\x80\x80\x80\x10"),	  /* an enum of more than 32 bits */
		ROW("\xa1\x01\0\0\0\0\0\0\xf8\x7f"),	  /* no number */
		ROW("\x6a\x13\x42\x11seventeen letters"), /* content.language over its size */
#undef ROW
	};
	struct message good = encoded_json(HEAD "\"label\":\"x\"}");
	ck_assert(quick_as_careful(good.value, good.size, test_arena()));
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		uint8_t bytes[256];
		memcpy(bytes, good.value, good.size);
		memcpy(bytes + good.size, rows[i].bytes, rows[i].size);
		ck_assert_msg(!quick_as_careful(bytes, good.size + rows[i].size, test_arena()), "row %zu", i);
	}
}
END_TEST

/* A byte changed, left out, put in, written twice; or a run of bytes moved. */
static size_t spoil(uint8_t *bytes, size_t size, uint64_t *seed)
{
	static const uint8_t likely[] = {0,    1,    2,	   8,	 0x0a, 0x12, 0x5a, 0x62,
					 0x6a, 0x7f, 0x80, 0xff, '@',  '%',  ' ',  'A'};
	size_t at = random_below(seed, (uint32_t)size);
	uint8_t byte = random_below(seed, 2) == 0 ? likely[random_below(seed, sizeof(likely))]
						  : (uint8_t)random_below(seed, 256);
	size_t run = 1 + random_below(seed, 12);
	switch (random_below(seed, 5)) {
	case 0:
		bytes[at] = byte;
		return size;
	case 1:
		memmove(bytes + at, bytes + at + 1, size - at - 1);
		return size - 1;
	case 2:
		memmove(bytes + at + 1, bytes + at, size - at);
		bytes[at] = byte;
		return size + 1;
	case 3: /* as it was, a little longer or shorter */
		bytes[at] = (uint8_t)(bytes[at] + (random_below(seed, 2) == 0 ? 1 : -1));
		return size;
	default:
		run = run < size - at ? run : size - at;
		memmove(bytes + size, bytes + at, run);
		return size + run;
	}
}

START_TEST(spoiled_bytes_are_taken_as_the_careful_way_takes_them_or_not_at_all)
{
	uint64_t seed = 4;
	size_t taken = 0, left = 0;
	struct message good[COUNT_OF(events)];
	for (size_t i = 0; i < COUNT_OF(events); i++) {
		good[i] = events[i]();
	}
	size_t mark = test_arena()->used;
	for (size_t round = 0; round < 100000; round++) {
		uint8_t bytes[4096];
		const struct message *message = &good[round % COUNT_OF(events)];
		size_t size = message->size;
		arena_back(test_arena(), mark);
		memcpy(bytes, message->value, size);
		for (size_t i = random_below(&seed, 4); i < 4; i++) {
			size = spoil(bytes, size, &seed);
		}
		bool quick = quick_as_careful(bytes, size, test_arena());
		taken += quick;
		left += !quick;
	}
	ck_assert_uint_gt(taken, 5000);
	ck_assert_uint_gt(left, 5000);
}
END_TEST

START_TEST(a_full_arena_leaves_it_to_the_careful_way)
{
	struct message message = page_view();
	struct arena small;
	struct event event;
	ck_assert(arena_init(&small, 128));
	ck_assert(!quick_event_read(message.value, message.size, &small, &event));
	ck_assert_uint_eq(small.used, 0);
	arena_finish(&small);
}
END_TEST

TEST_MAIN("quick_event", an_ordinary_event_is_taken, an_ordinary_event_is_written,
	  what_is_written_is_as_the_careful_way_writes_it, what_is_not_said_is_empty,
	  what_is_out_of_the_ordinary_is_left_to_the_careful_way,
	  spoiled_bytes_are_taken_as_the_careful_way_takes_them_or_not_at_all,
	  a_full_arena_leaves_it_to_the_careful_way)
