// The header is all there is; a library target wants a file to compile.

#include "CPluginHandshake.h"
