/*
 * SCREEN: what was loaded → what becomes of each item, which facts stand afterwards, whose touches are whose. Pure.
 */
#pragma once
#include <stdbool.h>
#include <stddef.h>

#include "core/flow/cast.h"
#include "core/flow/item.h"
#include "core/model/rows.h"

enum screen_result {
	SCREEN_DONE,
	SCREEN_WIDER, /* somebody is concerned who is not locked, or something was not asked for: start over; ADVANCE asks for
		       * cast->wider, too, and sees what others wrote meanwhile */
	SCREEN_FULL /* arena full */
};

/*
 * In this order: items of the ledger of erasures are told; of the copies of one event the one that stands is chosen among the batch and
 * what is loaded; facts of copies that stand are added, those of copies that no longer do are taken back; who is one
 * person and consent after the batch are worked out, and which touches withdrawals erase, of the batch and of what is stored; stretches are; members are marked (moved,
 * concerned, refold).
 *
 * Every item ends with an outcome other than NONE; copy says which of those with a touch are written.
 */
enum screen_result screen_batch(struct cast *cast, struct item *items, size_t count, struct load_rows *load);
