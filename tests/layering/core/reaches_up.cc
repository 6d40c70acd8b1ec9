// Not built: a forbidden edge that the test `layering_control` must find.
#include "server/registry.h"
