/*
 * The part of SAVE that writes facts and what is derived from them: actors, claims, consents, declared values, persons,
 * stretches.
 */
#include "core/edge/store_columns.h"
#include "core/edge/store_parts.h"
#include "core/edge/store_sql_save.h"

bool store_save_actors(struct store *store, const struct save_rows *save, struct arena *arena, struct fail *fail)
{
	static const enum postgres_type types[] = {POSTGRES_UUID, POSTGRES_INT2, POSTGRES_TEXT, POSTGRES_TEXT};
	if (save->actor_count == 0) {
		return true;
	}
	struct columns *columns = columns_begin(arena);
	struct postgres_array *at[COLUMNS_MAX];
	columns_arrays(columns, types, sizeof(types) / sizeof(types[0]), save->actor_count, at);
	for (size_t i = 0; i < save->actor_count; i++) {
		const struct actor *row = &save->actors[i];
		postgres_array_uuid(at[0], &row->id);
		postgres_array_int(at[1], row->kind);
		postgres_array_text(at[2], row->space);
		postgres_array_text(at[3], row->value[0] != '\0' ? row->value : NULL);
	}
	return columns_add(columns, store->postgres, &sql_save_actors, NULL, NULL, fail);
}

bool store_drop_claims(struct store *store, const struct save_rows *save, struct arena *arena, struct fail *fail)
{
	static const enum postgres_type types[] = {POSTGRES_UUID, POSTGRES_TIMESTAMPTZ, POSTGRES_TIMESTAMPTZ,
						   POSTGRES_INT8};
	if (save->claim_gone_count == 0) {
		return true;
	}
	struct columns *columns = columns_begin(arena);
	struct postgres_array *at[COLUMNS_MAX];
	columns_arrays(columns, types, sizeof(types) / sizeof(types[0]), save->claim_gone_count, at);
	for (size_t i = 0; i < save->claim_gone_count; i++) {
		const struct claim *row = &save->claims_gone[i];
		postgres_array_uuid(at[0], &row->weak);
		postgres_array_moment(at[1], row->at_us);
		postgres_array_moment(at[2], row->key.stamped_us);
		postgres_array_int(at[3], (int64_t)row->key.event_id);
	}
	return columns_add(columns, store->postgres, &sql_drop_claims, NULL, NULL, fail);
}

bool store_save_claims(struct store *store, const struct save_rows *save, struct arena *arena, struct fail *fail)
{
	static const enum postgres_type types[] = {POSTGRES_UUID, POSTGRES_UUID,	POSTGRES_TIMESTAMPTZ,
						   POSTGRES_INT8, POSTGRES_TIMESTAMPTZ, POSTGRES_INT2};
	if (save->claim_count == 0) {
		return true;
	}
	struct columns *columns = columns_begin(arena);
	struct postgres_array *at[COLUMNS_MAX];
	columns_arrays(columns, types, sizeof(types) / sizeof(types[0]), save->claim_count, at);
	for (size_t i = 0; i < save->claim_count; i++) {
		const struct claim *row = &save->claims[i];
		postgres_array_uuid(at[0], &row->weak);
		postgres_array_uuid(at[1], &row->strong);
		postgres_array_moment(at[2], row->key.stamped_us);
		postgres_array_int(at[3], (int64_t)row->key.event_id);
		postgres_array_moment(at[4], row->at_us);
		postgres_array_int(at[5], row->strength);
	}
	return columns_add(columns, store->postgres, &sql_save_claims, NULL, NULL, fail);
}

bool store_drop_consents(struct store *store, const struct save_rows *save, struct arena *arena, struct fail *fail)
{
	static const enum postgres_type types[] = {POSTGRES_UUID, POSTGRES_INT2, POSTGRES_TIMESTAMPTZ,
						   POSTGRES_INT8, POSTGRES_UUID};
	if (save->consent_gone_count == 0) {
		return true;
	}
	struct columns *columns = columns_begin(arena);
	struct postgres_array *at[COLUMNS_MAX];
	columns_arrays(columns, types, sizeof(types) / sizeof(types[0]), save->consent_gone_count, at);
	for (size_t i = 0; i < save->consent_gone_count; i++) {
		const struct consent *row = &save->consents_gone[i];
		postgres_array_uuid(at[0], &row->actor_id);
		postgres_array_int(at[1], row->purpose);
		postgres_array_moment(at[2], row->key.stamped_us);
		postgres_array_int(at[3], (int64_t)row->key.event_id);
		postgres_array_uuid(at[4], &row->key.touch_actor);
	}
	return columns_add(columns, store->postgres, &sql_drop_consents, NULL, NULL, fail);
}

bool store_save_consents(struct store *store, const struct save_rows *save, struct arena *arena, struct fail *fail)
{
	static const enum postgres_type types[] = {POSTGRES_UUID, POSTGRES_INT2, POSTGRES_TIMESTAMPTZ,
						   POSTGRES_INT8, POSTGRES_UUID, POSTGRES_TIMESTAMPTZ,
						   POSTGRES_INT2, POSTGRES_TEXT, POSTGRES_TEXT};
	if (save->consent_count == 0) {
		return true;
	}
	struct columns *columns = columns_begin(arena);
	struct postgres_array *at[COLUMNS_MAX];
	columns_arrays(columns, types, sizeof(types) / sizeof(types[0]), save->consent_count, at);
	for (size_t i = 0; i < save->consent_count; i++) {
		const struct consent *row = &save->consents[i];
		postgres_array_uuid(at[0], &row->actor_id);
		postgres_array_int(at[1], row->purpose);
		postgres_array_moment(at[2], row->key.stamped_us);
		postgres_array_int(at[3], (int64_t)row->key.event_id);
		postgres_array_uuid(at[4], &row->key.touch_actor);
		postgres_array_moment(at[5], row->at_us);
		postgres_array_int(at[6], row->state);
		postgres_array_text(at[7], row->source);
		postgres_array_text(at[8], row->policy);
	}
	return columns_add(columns, store->postgres, &sql_save_consents, NULL, NULL, fail);
}

bool store_drop_declared(struct store *store, const struct save_rows *save, struct arena *arena, struct fail *fail)
{
	static const enum postgres_type types[] = {
		POSTGRES_UUID, POSTGRES_INT2, POSTGRES_TEXT, POSTGRES_TIMESTAMPTZ, POSTGRES_INT8, POSTGRES_UUID,
	};
	if (save->declared_gone_count == 0) {
		return true;
	}
	struct columns *columns = columns_begin(arena);
	struct postgres_array *at[COLUMNS_MAX];
	columns_arrays(columns, types, sizeof(types) / sizeof(types[0]), save->declared_gone_count, at);
	for (size_t i = 0; i < save->declared_gone_count; i++) {
		const struct declared *row = &save->declared_gone[i];
		postgres_array_uuid(at[0], &row->actor_id);
		postgres_array_int(at[1], row->attribute);
		postgres_array_text(at[2], row->source);
		postgres_array_moment(at[3], row->key.stamped_us);
		postgres_array_int(at[4], (int64_t)row->key.event_id);
		postgres_array_uuid(at[5], &row->key.touch_actor);
	}
	return columns_add(columns, store->postgres, &sql_drop_declared, NULL, NULL, fail);
}

bool store_save_declared(struct store *store, const struct save_rows *save, struct arena *arena, struct fail *fail)
{
	static const enum postgres_type types[] = {POSTGRES_UUID,	 POSTGRES_INT2, POSTGRES_TEXT,
						   POSTGRES_TIMESTAMPTZ, POSTGRES_INT8, POSTGRES_UUID,
						   POSTGRES_TIMESTAMPTZ, POSTGRES_TEXT};
	if (save->declared_count == 0) {
		return true;
	}
	struct columns *columns = columns_begin(arena);
	struct postgres_array *at[COLUMNS_MAX];
	columns_arrays(columns, types, sizeof(types) / sizeof(types[0]), save->declared_count, at);
	for (size_t i = 0; i < save->declared_count; i++) {
		const struct declared *row = &save->declared[i];
		postgres_array_uuid(at[0], &row->actor_id);
		postgres_array_int(at[1], row->attribute);
		postgres_array_text(at[2], row->source);
		postgres_array_moment(at[3], row->key.stamped_us);
		postgres_array_int(at[4], (int64_t)row->key.event_id);
		postgres_array_uuid(at[5], &row->key.touch_actor);
		postgres_array_moment(at[6], row->at_us);
		postgres_array_text(at[7], row->value);
	}
	return columns_add(columns, store->postgres, &sql_save_declared, NULL, NULL, fail);
}

bool store_drop_assertions(struct store *store, const struct save_rows *save, struct arena *arena,
			   struct fail *fail)
{
	static const enum postgres_type types[] = {POSTGRES_UUID, POSTGRES_UUID, POSTGRES_TIMESTAMPTZ,
						   POSTGRES_INT8, POSTGRES_UUID};
	if (save->assertion_gone_count == 0) {
		return true;
	}
	struct columns *columns = columns_begin(arena);
	struct postgres_array *at[COLUMNS_MAX];
	columns_arrays(columns, types, sizeof(types) / sizeof(types[0]), save->assertion_gone_count, at);
	for (size_t i = 0; i < save->assertion_gone_count; i++) {
		const struct assertion *row = &save->assertions_gone[i];
		postgres_array_uuid(at[0], &row->a);
		postgres_array_uuid(at[1], &row->b);
		postgres_array_moment(at[2], row->key.stamped_us);
		postgres_array_int(at[3], (int64_t)row->key.event_id);
		postgres_array_uuid(at[4], &row->key.touch_actor);
	}
	return columns_add(columns, store->postgres, &sql_drop_assertions, NULL, NULL, fail);
}

bool store_save_assertions(struct store *store, const struct save_rows *save, struct arena *arena,
			   struct fail *fail)
{
	static const enum postgres_type types[] = {
		POSTGRES_UUID,	      POSTGRES_UUID, POSTGRES_TIMESTAMPTZ, POSTGRES_INT8, POSTGRES_UUID,
		POSTGRES_TIMESTAMPTZ, POSTGRES_INT2, POSTGRES_INT2,	   POSTGRES_INT2,
	};
	if (save->assertion_count == 0) {
		return true;
	}
	struct columns *columns = columns_begin(arena);
	struct postgres_array *at[COLUMNS_MAX];
	columns_arrays(columns, types, sizeof(types) / sizeof(types[0]), save->assertion_count, at);
	for (size_t i = 0; i < save->assertion_count; i++) {
		const struct assertion *row = &save->assertions[i];
		postgres_array_uuid(at[0], &row->a);
		postgres_array_uuid(at[1], &row->b);
		postgres_array_moment(at[2], row->key.stamped_us);
		postgres_array_int(at[3], (int64_t)row->key.event_id);
		postgres_array_uuid(at[4], &row->key.touch_actor);
		postgres_array_moment(at[5], row->at_us);
		postgres_array_int(at[6], row->kind);
		postgres_array_int(at[7], row->address_of);
		postgres_array_int(at[8], row->refused);
	}
	return columns_add(columns, store->postgres,
			   save->quick != NULL ? &sql_insert_assertions : &sql_save_assertions, NULL, NULL, fail);
}

/* Those that are replaced have gone before. */
bool store_save_kin(struct store *store, const struct save_rows *save, struct arena *arena, struct fail *fail)
{
	static const enum postgres_type types[] = {POSTGRES_UUID, POSTGRES_UUID, POSTGRES_UUID,
						   POSTGRES_TIMESTAMPTZ};
	if (save->kin_count == 0) {
		return true;
	}
	struct columns *columns = columns_begin(arena);
	struct postgres_array *at[COLUMNS_MAX];
	columns_arrays(columns, types, sizeof(types) / sizeof(types[0]), save->kin_count, at);
	for (size_t i = 0; i < save->kin_count; i++) {
		const struct kin *row = &save->kin[i];
		postgres_array_uuid(at[0], &row->actor_id);
		postgres_array_uuid(at[1], &row->contact_id);
		postgres_array_uuid(at[2], &row->via);
		postgres_array_moment(at[3], row->at_us);
	}
	return columns_add(columns, store->postgres, &sql_save_kin, NULL, NULL, fail);
}

bool store_drop_persons(struct store *store, const struct save_rows *save, struct arena *arena, struct fail *fail)
{
	struct columns *columns = columns_begin(arena);
	struct postgres_array *ids = columns_array(columns, POSTGRES_UUID, save->person_count);
	size_t count = 0;
	for (size_t i = 0; i < save->person_count; i++) {
		if (!save->persons[i].stands) {
			postgres_array_uuid(ids, &save->persons[i].contact_id);
			count++;
		}
	}
	return count == 0 || columns_add(columns, store->postgres, &sql_drop_persons, NULL, NULL, fail);
}

bool store_save_persons(struct store *store, const struct save_rows *save, struct arena *arena, struct fail *fail)
{
	static const enum postgres_type types[] = {
		POSTGRES_UUID,	      POSTGRES_TEXT, POSTGRES_TEXT, POSTGRES_TEXT, POSTGRES_TEXT,
		POSTGRES_TEXT,	      POSTGRES_TEXT, POSTGRES_BOOL, POSTGRES_INT2, POSTGRES_TIMESTAMPTZ,
		POSTGRES_TIMESTAMPTZ, POSTGRES_TEXT, POSTGRES_TEXT, POSTGRES_BOOL,
	};
	struct columns *columns = columns_begin(arena);
	struct postgres_array *at[COLUMNS_MAX];
	columns_arrays(columns, types, sizeof(types) / sizeof(types[0]), save->person_count, at);
	size_t count = 0;
	for (size_t i = 0; i < save->person_count; i++) {
		const struct person_row *row = &save->persons[i];
		if (!row->stands) {
			continue;
		}
		count++;
		postgres_array_uuid(at[0], &row->contact_id);
		postgres_array_text(at[1], row->address);
		postgres_array_text(at[2], row->name);
		postgres_array_text(at[3], row->role);
		postgres_array_text(at[4], row->role_declared);
		postgres_array_text(at[5], row->title);
		postgres_array_text(at[6], row->company);
		postgres_array_int(at[7], row->may_write);
		postgres_array_int(at[8], row->role_source);
		postgres_array_moment_or_null(at[9], row->role_at_us);
		postgres_array_moment_or_null(at[10], row->role_since_us);
		postgres_array_text(at[11], row->host);
		postgres_array_text(at[12], row->domain);
		postgres_array_int(at[13], row->named);
	}
	return count == 0 || columns_add(columns, store->postgres, &sql_save_persons, NULL, NULL, fail);
}

bool store_save_stretches(struct store *store, const struct save_rows *save, struct arena *arena,
			  struct fail *fail)
{
	static const enum postgres_type types[] = {POSTGRES_UUID, POSTGRES_TIMESTAMPTZ, POSTGRES_TIMESTAMPTZ,
						   POSTGRES_UUID};
	if (save->stretch_count == 0) {
		return true;
	}
	struct columns *columns = columns_begin(arena);
	struct postgres_array *at[COLUMNS_MAX];
	columns_arrays(columns, types, sizeof(types) / sizeof(types[0]), save->stretch_count, at);
	for (size_t i = 0; i < save->stretch_count; i++) {
		const struct stretch *row = &save->stretches[i];
		postgres_array_uuid(at[0], &row->actor_id);
		postgres_array_moment(at[1], row->from_us);
		postgres_array_moment(at[2], row->to_us);
		postgres_array_uuid(at[3], &row->contact_id);
	}
	return columns_add(columns, store->postgres, &sql_save_stretches, NULL, NULL, fail);
}
