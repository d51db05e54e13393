// What the shim's own sources share: the image's body and the guard around every entry point.
#pragma once

#include "CVision.h"

#include <opencv2/core.hpp>

#include <cstring>
#include <exception>
#include <new>

struct vision_image {
    cv::Mat mat;
};

namespace vision {

/// A failure with its status; thrown inside the shim only.
struct Failure : std::exception {
    VisionStatus status;
    std::string message;
    Failure(VisionStatus s, std::string m) : status(s), message(std::move(m)) {}
    const char *what() const noexcept override { return message.c_str(); }
};

inline VisionStatus report(vision_error *error, VisionStatus status, const char *message) noexcept {
    std::strncpy(error->message, message, sizeof error->message - 1);
    error->message[sizeof error->message - 1] = 0;
    return status;
}

/// Runs the body of an entry point; no C++ exception leaves it.
template <class Body> VisionStatus guarded(vision_error *error, Body &&body) noexcept {
    error->message[0] = 0;
    try {
        body();
        return VisionStatusOk;
    } catch (const Failure &failure) {
        return report(error, failure.status, failure.what());
    } catch (const std::bad_alloc &) {
        return report(error, VisionStatusInternal, "out of memory");
    } catch (const cv::Exception &exception) {
        return report(error, VisionStatusInternal, exception.what());
    } catch (const std::exception &exception) {
        return report(error, VisionStatusInternal, exception.what());
    } catch (...) {
        return report(error, VisionStatusInternal, "unknown C++ exception");
    }
}

inline void require(bool condition, VisionStatus status, const char *message) {
    if (!condition) throw Failure(status, message);
}

}  // namespace vision
