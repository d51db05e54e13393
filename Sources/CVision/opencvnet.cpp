// The fallback runtime: OpenCV's own dnn. Three to five times slower than OpenVINO, and always there.
#include "network.hpp"

#include <opencv2/dnn.hpp>

#include <memory>
#include <string>

using vision::Failure;
using vision::guarded;
using vision::require;

namespace {

struct OpenCVNetwork final : vision_network {
    cv::dnn::Net net;
    std::vector<cv::String> names;
    std::vector<cv::Mat> results;

    using vision_network::vision_network;

    void run() override {
        const int shape[4] = {1, channels, height, width};
        net.setInput(cv::Mat(4, shape, CV_32F, input.data()));
        net.forward(results, names);
        outputs.clear();
        for (const cv::Mat &result : results) {
            require(result.type() == CV_32F && result.isContinuous() && result.dims <= 6, VisionStatusBadModel,
                    "an output is not a dense float32 tensor");
            vision_tensor tensor{result.ptr<float>(), result.total(), result.dims, {}};
            for (int i = 0; i < result.dims; i++) tensor.dimensions[i] = result.size[i];
            outputs.push_back(tensor);
        }
    }
};

/// OpenCV names an ONNX layer after its node or its output, with a prefix that changes between releases.
cv::String layerNamed(const std::string &wanted, const std::vector<cv::String> &layers,
                      const std::vector<cv::String> &unconnected) {
    for (const auto &known : {unconnected, layers})
        for (const cv::String &name : known) {
            const std::string text = name;
            if (text == wanted) return name;
            const size_t mark = text.rfind('!');
            if (mark != std::string::npos && text.substr(mark + 1) == wanted) return name;
        }
    return {};
}

}  // namespace

VisionStatus vision_network_open_opencv(const char *model, const char *configuration, int32_t channels, int32_t width,
                                        int32_t height, const char *const *outputs, int32_t outputCount,
                                        vision_network **network, vision_error *error) noexcept {
    return guarded(error, [&] {
        vision::requireInput(channels, width, height);
        auto made = std::make_unique<OpenCVNetwork>(channels, width, height);
        try {
            made->net = cv::dnn::readNet(model, configuration ? configuration : "");
        } catch (const cv::Exception &exception) {
            throw Failure(VisionStatusBadModel, std::string("OpenCV can't load it: ") + exception.what());
        }
        require(!made->net.empty(), VisionStatusBadModel, "OpenCV found no network in the file");
        made->net.setPreferableBackend(cv::dnn::DNN_BACKEND_OPENCV);
        const std::vector<cv::String> last = made->net.getUnconnectedOutLayersNames(),
                                      layers = made->net.getLayerNames();
        std::string known;
        for (const auto &name : last) known += " " + std::string(name);
        for (int32_t i = 0; i < outputCount; i++) {
            const cv::String name = layerNamed(outputs[i], layers, last);
            if (name.empty())
                throw Failure(VisionStatusBadModel,
                              "it has no output named " + std::string(outputs[i]) + "; its outputs are:" + known);
            made->names.push_back(name);
        }
        if (outputCount == 0) made->names = last;
        // What does not run at this size must fail here, at start, and not at the first frame.
        try {
            made->run();
        } catch (const cv::Exception &exception) {
            throw Failure(VisionStatusBadModel, std::string("OpenCV can't run it: ") + exception.what());
        }
        *network = made.release();
    });
}

void vision_network_destroy(vision_network *network) noexcept { delete network; }

VisionStatus vision_network_run(vision_network *network, vision_error *error) noexcept {
    return guarded(error, [&] { network->run(); });
}

int32_t vision_network_output_count(const vision_network *network) noexcept { return int32_t(network->outputs.size()); }

vision_tensor vision_network_output(const vision_network *network, int32_t index) noexcept {
    return network->outputs[size_t(index)];
}
