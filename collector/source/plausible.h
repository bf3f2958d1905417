/*
 * Plausible's tracker: one event a request, by short names or long ones. It says of nobody who he is, and gives no id and no
 * time: whose an event is can stand in its properties only, where configuration says in which.
 */
#pragma once
#include "collector/source/source.h"

source_adapter plausible_read;
