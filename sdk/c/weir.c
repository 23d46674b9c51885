/* The implementation of weir.h, for modules that are not in C. */
#include "weir.h"
