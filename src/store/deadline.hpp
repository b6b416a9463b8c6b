// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "core/deadline.hpp"  // where it has moved to
