#include "core/base/secret.h"

#include <sys/prctl.h>
#include <sys/resource.h>

#include "core/base/check.h"

void secret_forbid_cores(void)
{
	CHECK(prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) == 0);
	/* Cores that are files have a limit as well. A unit may forbid us to change it, and then sets it itself. */
	setrlimit(RLIMIT_CORE, &(struct rlimit){0, 0});
}
