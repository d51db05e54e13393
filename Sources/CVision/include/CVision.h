/// The one C shim over OpenCV, the inference runtimes and FreeType.
///
/// Plain C, so that C++ interoperability never spreads. Every entry point is `noexcept` and catches every
/// exception: one that reached Swift would abort the process. What failed is in `vision_error`.
#ifndef CVISION_H
#define CVISION_H

#include "vision_base.h"
#include "vision_image.h"
#include "vision_inference.h"
#include "vision_line.h"
#include "vision_render.h"
#include "vision_video.h"

#endif
