/*
 * bench_ceiling: how fast PostgreSQL takes the touches of the stream from somebody who has nothing else to do.
 *
 * Each connection has its own share of the partitions. A batch: the states of its contacts are looked up without locks;
 * then one transaction COPYs the touches, in the order in which they come, into table phased.touch, which must be there
 * and have its months, and upserts a state of 160 bytes for each contact of the batch. All bytes are made before the
 * clock starts. Nobody can have touches and states in these tables sooner; what phased makes of it is said as a share.
 * Ends with one line of JSON on stdout.
 */
#include <endian.h>
#include <inttypes.h>
#include <libpq-fe.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

#include "bench/stream.h"
#include "core/base/arena.h"
#include "core/base/check.h"
#include "core/base/moment.h"
#include "core/edge/key_file.h"
#include "core/flow/decode.h"
#include "core/flow/identify.h"
#include "core/flow/subject.h"
#include "ctl/options.h"

#define LANES_MAX 16
#define PARTITIONS 8
#define STATE_SIZE 160
#define COPY_CHUNK ((size_t)64 * 1024)
#define UUID_OID 2950
#define BYTEA_OID 17

static const char *database, *key_path;
static struct stream_options plan = STREAM_DEFAULTS;
static int64_t lanes = 2, batch_size = 20000;
static bool copy_only, no_lookup, sorted;

static const struct option_about options[] = {
	{"database", "CONNINFO", OPTION_TEXT, &database, 0, 0, "where schema phased is, without a touch"},
	{"key", "FILE", OPTION_TEXT, &key_path, 0, 0, "the secret that actor ids are keyed with"},
	STREAM_OPTIONS(plan),
	{"lanes", "N", OPTION_NUMBER, &lanes, 1, LANES_MAX, "connections"},
	{"batch", "N", OPTION_NUMBER, &batch_size, 1, 1000000, "touches of a transaction"},
	{"copy-only", NULL, OPTION_FLAG, &copy_only, 0, 0, "touches alone, no states"},
	{"no-lookup", NULL, OPTION_FLAG, &no_lookup, 0, 0, "states are written without having been read"},
	{"sorted", NULL, OPTION_FLAG, &sorted, 0, 0, "each batch in key order, not as it comes"},
	{0},
};

struct touch_line {
	struct uuid actor;
	int64_t stamped_us, received_us, at_us;
	uint64_t event_id, subject_id;
};

struct bytes {
	uint8_t *at;
	size_t size, room;
};

/* A transaction, made ready. */
struct work {
	struct bytes copy;
	struct bytes keys;   /* uuid[] */
	struct bytes states; /* bytea[] */
	size_t rows, upserts;
};

struct lane {
	struct touch_line *lines;
	size_t line_count;
	struct work *works;
	size_t work_count;
	PGconn *connection;
	pthread_t thread;
	int64_t ended_us;
};

static struct lane all[LANES_MAX];
static pthread_barrier_t start;

/* ---- bytes ---- */

#ifndef __clang__
/* gcc 12 loses sight of what is reachable from an element of `all` whose number it does not know, and calls it leaked here. */
#pragma GCC diagnostic ignored "-Wanalyzer-malloc-leak"
#endif

static void put(struct bytes *bytes, const void *from, size_t size)
{
	if (bytes->size + size > bytes->room) {
		bytes->room = (bytes->size + size) * 2;
		bytes->at = realloc(bytes->at, bytes->room);
		CHECK(bytes->at != NULL);
	}
	memcpy(bytes->at + bytes->size, from, size);
	bytes->size += size;
}

static void put_int16(struct bytes *bytes, int16_t value)
{
	uint16_t big = htobe16((uint16_t)value);
	put(bytes, &big, sizeof(big));
}

static void put_int32(struct bytes *bytes, int32_t value)
{
	uint32_t big = htobe32((uint32_t)value);
	put(bytes, &big, sizeof(big));
}

static void put_int64(struct bytes *bytes, int64_t value)
{
	uint64_t big = htobe64((uint64_t)value);
	put_int32(bytes, sizeof(big));
	put(bytes, &big, sizeof(big));
}

static void put_line(struct bytes *bytes, const struct touch_line *line)
{
	put_int16(bytes, 8);
	put_int32(bytes, sizeof(line->actor));
	put(bytes, &line->actor, sizeof(line->actor));
	put_int64(bytes, line->stamped_us - MOMENT_POSTGRES_EPOCH_US);
	put_int64(bytes, (int64_t)line->event_id);
	put_int64(bytes, line->received_us - MOMENT_POSTGRES_EPOCH_US);
	put_int64(bytes, line->at_us - MOMENT_POSTGRES_EPOCH_US);
	put_int64(bytes, (int64_t)line->subject_id);
	put_int32(bytes, 4);
	put_int32(bytes, 0); /* reasons */
	put_int32(bytes, 2);
	put_int16(bytes, 1); /* party */
}

static void put_array_head(struct bytes *bytes, int32_t type, size_t count)
{
	const int32_t head[] = {1, 0, type, (int32_t)count, 1};
	for (size_t i = 0; i < sizeof(head) / sizeof(head[0]); i++) {
		put_int32(bytes, head[i]);
	}
}

/* ---- making ready ---- */

static int compare_lines(const void *a, const void *b)
{
	const struct touch_line *x = a, *y = b;
	int order = uuid_compare(&x->actor, &y->actor);
	return order != 0 ? order : (x->stamped_us > y->stamped_us) - (x->stamped_us < y->stamped_us);
}

static int compare_ids(const void *a, const void *b)
{
	return uuid_compare(a, b);
}

static void prepare_work(struct work *work, struct touch_line *lines, size_t count)
{
	static const uint8_t head[19] = "PGCOPY\n\377\r\n\0"; /* and no flags, no extension */
	uint8_t state[STATE_SIZE];
	struct uuid *ids = calloc(count, sizeof(*ids));
	CHECK(ids != NULL);
	if (sorted) {
		qsort(lines, count, sizeof(*lines), compare_lines);
	}
	put(&work->copy, head, sizeof(head));
	for (size_t i = 0; i < count; i++) {
		put_line(&work->copy, &lines[i]);
		ids[i] = lines[i].actor;
	}
	put_int16(&work->copy, -1);
	qsort(ids, count, sizeof(*ids), compare_ids);
	for (size_t i = 0; i < count; i++) {
		if (i == 0 || !uuid_equal(&ids[i], &ids[work->upserts - 1])) {
			ids[work->upserts++] = ids[i];
		}
	}
	put_array_head(&work->keys, UUID_OID, work->upserts);
	put_array_head(&work->states, BYTEA_OID, work->upserts);
	for (size_t i = 0; i < work->upserts; i++) {
		memset(state, (int)(i % 251), sizeof(state));
		put_int32(&work->keys, sizeof(ids[i]));
		put(&work->keys, &ids[i], sizeof(ids[i]));
		put_int32(&work->states, sizeof(state));
		put(&work->states, state, sizeof(state));
	}
	work->rows = count;
	free(ids);
}

static void prepare_lane(struct lane *lane)
{
	size_t most = (size_t)batch_size;
	lane->works = calloc(lane->line_count / most + 1, sizeof(*lane->works));
	CHECK(lane->works != NULL);
	for (size_t at = 0; at < lane->line_count; at += most) {
		size_t rest = lane->line_count - at;
		prepare_work(&lane->works[lane->work_count++], lane->lines + at, rest < most ? rest : most);
	}
	free(lane->lines);
	lane->lines = NULL;
}

/* The touches that phased makes of the stream's events, to the lanes by partition. */
static void prepare_all(const struct identity_key *key)
{
	const struct identify_options how = {.key = key};
	struct stream *stream = stream_create(&plan);
	struct arena arena;
	struct event event;
	bool is_retry;
	CHECK(stream != NULL && arena_init(&arena, (size_t)1 << 20));
	for (int64_t i = 0; i < lanes; i++) {
		all[i].lines = calloc((size_t)plan.events, sizeof(*all[i].lines));
		CHECK(all[i].lines != NULL);
	}
	while (stream_next(stream, &arena, &event, &is_retry)) {
		struct identified who;
		struct subject subject;
		CHECK(identify_event(&event, &how, &arena, &who) &&
		      subject_from_event(&event, NULL, 0, &arena, &subject));
		struct lane *lane = &all[who.weak.id.bytes[0] % PARTITIONS % (unsigned)lanes];
		if (!is_retry) {
			lane->lines[lane->line_count++] = (struct touch_line){
				.actor = who.weak.id,
				.stamped_us = event.stamped_us,
				.received_us = event.received_us,
				.at_us = event.occurred_us,
				.event_id = decode_event_id(&event),
				.subject_id = subject.id,
			};
		}
		arena_back(&arena, 0);
	}
	for (int64_t i = 0; i < lanes; i++) {
		prepare_lane(&all[i]);
	}
	arena_finish(&arena);
	stream_destroy(stream);
}

/* ---- writing ---- */

static void must(PGconn *connection, PGresult *result, ExecStatusType status)
{
	if (PQresultStatus(result) != status) {
		fprintf(stderr, "bench_ceiling: %s", PQerrorMessage(connection));
		exit(EXIT_AWAY);
	}
	PQclear(result);
}

static void run(PGconn *connection, const char *sql)
{
	must(connection, PQexecParams(connection, sql, 0, NULL, NULL, NULL, NULL, 0), PGRES_COMMAND_OK);
}

static void open_lane(struct lane *lane)
{
	/* As phased has its connections: no plan that looks at the sizes of tables. */
	static const char *const settings[] = {"SET plan_cache_mode = force_generic_plan",
					       "SET enable_seqscan = off",
					       "SET enable_hashjoin = off",
					       "SET enable_mergejoin = off",
					       "SET enable_bitmapscan = off",
					       "SET jit = off"};
	lane->connection = PQconnectdb(database);
	if (PQstatus(lane->connection) != CONNECTION_OK) {
		fprintf(stderr, "bench_ceiling: %s", PQerrorMessage(lane->connection));
		exit(EXIT_AWAY);
	}
	for (size_t i = 0; i < sizeof(settings) / sizeof(settings[0]); i++) {
		run(lane->connection, settings[i]);
	}
	must(lane->connection,
	     PQprepare(lane->connection, "look",
		       "SELECT contact_id, version, state FROM bench_state WHERE contact_id = ANY ($1::uuid[])", 0,
		       NULL),
	     PGRES_COMMAND_OK);
	must(lane->connection,
	     PQprepare(lane->connection, "save",
		       "INSERT INTO bench_state AS s (contact_id, version, state) SELECT c, 1, v FROM "
		       "unnest($1::uuid[], $2::bytea[]) AS n (c, v) ON CONFLICT (contact_id) DO UPDATE SET "
		       "version = s.version + 1, state = excluded.state",
		       0, NULL),
	     PGRES_COMMAND_OK);
}

static void execute(PGconn *connection, const char *name, const struct work *work, int count,
		    ExecStatusType status)
{
	const char *values[] = {(const char *)work->keys.at, (const char *)work->states.at};
	const int sizes[] = {(int)work->keys.size, (int)work->states.size}, formats[] = {1, 1};
	must(connection, PQexecPrepared(connection, name, count, values, sizes, formats, 1), status);
}

static void copy(PGconn *connection, const struct bytes *bytes)
{
	must(connection,
	     PQexecParams(connection, "COPY phased.touch FROM STDIN (FORMAT binary)", 0, NULL, NULL, NULL, NULL,
			  0),
	     PGRES_COPY_IN);
	for (size_t at = 0; at < bytes->size; at += COPY_CHUNK) {
		size_t rest = bytes->size - at;
		CHECK(PQputCopyData(connection, (const char *)bytes->at + at,
				    (int)(rest < COPY_CHUNK ? rest : COPY_CHUNK)) == 1);
	}
	CHECK(PQputCopyEnd(connection, NULL) == 1);
	must(connection, PQgetResult(connection), PGRES_COMMAND_OK);
	CHECK(PQgetResult(connection) == NULL);
}

static void *write_lane(void *context)
{
	struct lane *lane = context;
	pthread_barrier_wait(&start);
	for (size_t i = 0; i < lane->work_count; i++) {
		const struct work *work = &lane->works[i];
		if (!copy_only && !no_lookup) {
			execute(lane->connection, "look", work, 1, PGRES_TUPLES_OK);
		}
		run(lane->connection, "BEGIN");
		copy(lane->connection, &work->copy);
		if (!copy_only) {
			execute(lane->connection, "save", work, 2, PGRES_COMMAND_OK);
		}
		run(lane->connection, "COMMIT");
	}
	lane->ended_us = moment_monotonic_us();
	return NULL;
}

static double cpu_s(void)
{
	struct rusage used;
	getrusage(RUSAGE_SELF, &used);
	return (double)(used.ru_utime.tv_sec + used.ru_stime.tv_sec) +
	       (double)(used.ru_utime.tv_usec + used.ru_stime.tv_usec) / 1e6;
}

static void measure(void)
{
	int64_t ended_us = 0;
	size_t rows = 0, upserts = 0, batches = 0;
	CHECK(pthread_barrier_init(&start, NULL, (unsigned)lanes + 1) == 0);
	for (int64_t i = 0; i < lanes; i++) {
		open_lane(&all[i]);
		CHECK(pthread_create(&all[i].thread, NULL, write_lane, &all[i]) == 0);
	}
	double cpu_before_s = cpu_s();
	/* The caller notes what the servers have used so far, and says when to begin. */
	puts("ready");
	fflush(stdout);
	CHECK(getchar() != EOF);
	pthread_barrier_wait(&start);
	int64_t begun_us = moment_monotonic_us();
	for (int64_t i = 0; i < lanes; i++) {
		CHECK(pthread_join(all[i].thread, NULL) == 0);
		ended_us = all[i].ended_us > ended_us ? all[i].ended_us : ended_us;
		batches += all[i].work_count;
		for (size_t k = 0; k < all[i].work_count; k++) {
			rows += all[i].works[k].rows;
			upserts += all[i].works[k].upserts;
		}
	}
	double seconds = (double)(ended_us - begun_us) / 1e6;
	printf("{\"rows\": %zu, \"upserts\": %zu, \"batches\": %zu, \"seconds\": %.4f, \"rows_a_second\": %.0f, "
	       "\"cpu_s\": %.3f}\n",
	       rows, upserts, batches, seconds, (double)rows / seconds, cpu_s() - cpu_before_s);
	fflush(stdout);
	CHECK(getchar() != EOF); /* until the caller has looked, so that our backends are still there */
}

int main(int argc, char **argv)
{
	struct identity_key key;
	struct fail fail;
	int rest;
	if (!options_parse(options, NULL, argc - 1, argv + 1, &rest, &fail)) {
		fprintf(stderr, "bench_ceiling: %s\n", fail.text);
		return EXIT_USAGE;
	}
	if (database == NULL || key_path == NULL || rest > 0 || plan.contacts > stream_distinct(&plan)) {
		fprintf(stderr, "bench_ceiling: needs --database, --key, and more events than contacts\n");
		options_print(options);
		return EXIT_USAGE;
	}
	if (!key_file_read(key_path, key.bytes, &key.size, &fail)) {
		fprintf(stderr, "bench_ceiling: %s\n", fail.text);
		return (int)fail.exit_code;
	}
	prepare_all(&key);
	explicit_bzero(&key, sizeof(key));
	measure();
	return EXIT_DONE;
}
