#include "ctl/rematch.h"

#include <inttypes.h>
#include <string.h>

#include "core/edge/postgres.h"
#include "ctl/ctl.h"

#define SLICE 1000 /* subjects: next_subjects asks for as many */
#define SLICE_ARENA_SIZE ((size_t)64 * 1024 * 1024)

static const struct postgres_statement about = {
	.name = "about",
	.sql = "SELECT (SELECT count(*) FROM phased.subject), (SELECT value FROM phased.setting WHERE key = "
	       "'subject.property_keys')",
};
static const struct postgres_statement next_subjects = {
	.name = "next_subjects",
	.sql = "SELECT " SUBJECT_READ_COLUMNS
	       " FROM phased.subject s WHERE s.subject_id > $2 AND NOT EXISTS (SELECT "
	       "FROM phased.subject_rule r WHERE r.model_version = $1 AND r.subject_id = s.subject_id) ORDER BY "
	       "s.subject_id LIMIT 1000",
	.parameter_count = 2,
	.parameters = {{POSTGRES_INT8, false}, {POSTGRES_INT8, false}},
};
static const struct postgres_statement insert_rules = {
	.name = "insert_rules",
	.sql = "INSERT INTO phased.subject_rule SELECT $1, r.* FROM unnest($2::bigint[], $3::text[], $4::text[], "
	       "$5::smallint[], $6::text[], $7::boolean[], $8::bigint[], $9::smallint[]) AS r ON CONFLICT DO "
	       "NOTHING",
	.parameter_count = 9,
	.parameters = {{POSTGRES_INT8, false},
		       {POSTGRES_INT8, true},
		       {POSTGRES_TEXT, true},
		       {POSTGRES_TEXT, true},
		       {POSTGRES_INT2, true},
		       {POSTGRES_TEXT, true},
		       {POSTGRES_BOOL, true},
		       {POSTGRES_INT8, true},
		       {POSTGRES_INT2, true}},
};

static bool no_room(struct fail *fail)
{
	return fail_set(fail, FAIL_FATAL, EXIT_OUR_BUG, "subjects do not fit into memory");
}

static bool on_about(void *context, const struct postgres_rows *rows, struct fail *fail)
{
	struct rematch *rematch = context;
	rematch->subjects = postgres_int(rows, 0, 0);
	return subject_row_keys_split(postgres_text(rows, 0, 1), &rematch->arena, &rematch->keys) || no_room(fail);
}

bool rematch_begin(struct rematch *rematch, const struct model *model, struct matcher *matcher,
		   struct postgres *postgres, struct fail *fail)
{
	*rematch = (struct rematch){.model = model, .matcher = matcher};
	return (arena_init(&rematch->arena, SLICE_ARENA_SIZE) || no_room(fail)) &&
	       postgres_add(postgres, &about, NULL, on_about, rematch, fail) && ctl_turn(postgres, fail);
}

void rematch_finish(struct rematch *rematch)
{
	arena_finish(&rematch->arena);
}

struct slice {
	struct rematch *rematch;
	struct postgres_array ids, processes, rules, numbers, contents, clicks, links, confirms;
	size_t count;
	int64_t last;
};

static void begin_slice(struct slice *slice)
{
	const struct {
		struct postgres_array *array;
		enum postgres_type type;
	} columns[] = {
		{&slice->ids, POSTGRES_INT8},	   {&slice->processes, POSTGRES_TEXT},
		{&slice->rules, POSTGRES_TEXT},	   {&slice->numbers, POSTGRES_INT2},
		{&slice->contents, POSTGRES_TEXT}, {&slice->clicks, POSTGRES_BOOL},
		{&slice->links, POSTGRES_INT8},	   {&slice->confirms, POSTGRES_INT2},
	};
	for (size_t i = 0; i < sizeof(columns) / sizeof(columns[0]); i++) {
		postgres_array_init(columns[i].array, &slice->rematch->arena, columns[i].type, SLICE);
	}
}

static void add_match(struct slice *slice, uint64_t subject_id, const struct match *match)
{
	const struct model_process *process = &slice->rematch->model->processes[match->process];
	postgres_array_int(&slice->ids, (int64_t)subject_id);
	postgres_array_text(&slice->processes, process->name);
	if (match->rule >= 0) {
		postgres_array_text(&slice->rules, process->rules[match->rule].name);
		postgres_array_int(&slice->numbers, match->rule);
	} else {
		postgres_array_null(&slice->rules);
		postgres_array_null(&slice->numbers);
	}
	postgres_array_text(&slice->contents, match->content);
	postgres_array_int(&slice->clicks, match->mail_click ? 1 : 0);
	postgres_array_int(&slice->links, (int64_t)match->link);
	postgres_array_int(&slice->confirms, match->confirm);
}

static bool on_subjects(void *context, const struct postgres_rows *rows, struct fail *fail)
{
	struct slice *slice = context;
	struct rematch *rematch = slice->rematch;
	slice->count = postgres_count(rows);
	for (size_t i = 0; i < slice->count; i++) {
		struct subject subject;
		struct match match;
		bool told;
		if (!subject_row_read(rows, i, &rematch->keys, &rematch->arena, &subject, &told)) {
			return no_room(fail);
		}
		if (!told) {
			rematch->unlike++;
		}
		matcher_match(rematch->matcher, &subject, &match);
		add_match(slice, subject.id, &match);
		slice->last = (int64_t)subject.id;
	}
	return true;
}

static bool save_slice(struct slice *slice, struct postgres *postgres, struct fail *fail)
{
	struct rematch *rematch = slice->rematch;
	struct postgres_value values[9];
	return ((postgres_value_int(&rematch->arena, POSTGRES_INT8, (int64_t)rematch->model->version,
				    &values[0]) &&
		 postgres_array_value(&slice->ids, &values[1]) &&
		 postgres_array_value(&slice->processes, &values[2]) &&
		 postgres_array_value(&slice->rules, &values[3]) &&
		 postgres_array_value(&slice->numbers, &values[4]) &&
		 postgres_array_value(&slice->contents, &values[5]) &&
		 postgres_array_value(&slice->clicks, &values[6]) &&
		 postgres_array_value(&slice->links, &values[7]) &&
		 postgres_array_value(&slice->confirms, &values[8])) ||
		no_room(fail)) &&
	       postgres_add(postgres, &insert_rules, values, NULL, NULL, fail) && ctl_turn(postgres, fail);
}

static bool read_slice(struct slice *slice, int64_t after, struct postgres *postgres, struct fail *fail)
{
	struct rematch *rematch = slice->rematch;
	struct postgres_value values[2];
	begin_slice(slice);
	return ((postgres_value_int(&rematch->arena, POSTGRES_INT8, (int64_t)rematch->model->version,
				    &values[0]) &&
		 postgres_value_int(&rematch->arena, POSTGRES_INT8, after, &values[1])) ||
		no_room(fail)) &&
	       postgres_add(postgres, &next_subjects, values, on_subjects, slice, fail) &&
	       ctl_turn(postgres, fail);
}

bool rematch_all(struct rematch *rematch, struct postgres *postgres, struct progress *progress, struct fail *fail)
{
	struct slice slice = {.rematch = rematch, .last = INT64_MIN};
	size_t mark = rematch->arena.used;
	do {
		arena_back(&rematch->arena, mark);
		if (!read_slice(&slice, slice.last, postgres, fail) ||
		    (slice.count > 0 && !save_slice(&slice, postgres, fail))) {
			return false;
		}
		rematch->done += (int64_t)slice.count;
		if (progress != NULL) {
			progress_show(progress,
				      rematch->subjects > 0 ? (double)rematch->done / (double)rematch->subjects
							    : 1,
				      "%" PRId64 " of %" PRId64 " pages, mails and other subjects matched",
				      rematch->done, rematch->subjects);
		}
	} while (slice.count == SLICE);
	return true;
}
