// A network behind either runtime: the part that both share.
#pragma once

#include "internal.hpp"

#include <vector>

struct vision_network {
    int channels, width, height;
    /// Planar, written by the caller, read by `run`; never moves.
    std::vector<float> input;
    /// Set by `run`, in the order asked for.
    std::vector<vision_tensor> outputs;
    /// Reused between frames.
    cv::Mat resized, converted;
    std::vector<cv::Mat> planes;
    /// The part of the input that the last picture covered: outside it only padding was ever written.
    cv::Rect filled;
    float padded = -1;

    vision_network(int c, int w, int h) : channels(c), width(w), height(h), input(size_t(c) * size_t(w) * size_t(h)) {}
    virtual ~vision_network() = default;
    virtual void run() = 0;
};

struct vision_pyramid {
    cv::Mat image;
    /// Each half as large as the one before, averaged over 2 x 2 pixels; valid up to `made`.
    std::vector<cv::Mat> levels;
    size_t made = 0;

    /// The picture shrunk `halvings` times.
    const cv::Mat &level(size_t halvings);
};

namespace vision {

inline void requireInput(int32_t channels, int32_t width, int32_t height) {
    require((channels == 1 || channels == 3) && width >= 8 && width <= 8192 && height >= 8 && height <= 8192,
            VisionStatusBadArgument, "a network's input has 1 or 3 channels and 8 to 8192 pixels a side");
}

}  // namespace vision
