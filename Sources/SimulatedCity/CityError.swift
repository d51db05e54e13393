/// Why a city could not be made. Codes are stable: `CTY1xx` settings, `CTY2xx` files, `CTY3xx` SUMO. None is reused.
public enum CityError: Error, Equatable, CustomStringConvertible {
    /// A setting is outside its range; the text names it, its value and the range.
    case outOfRange(String)
    /// There is something in the place of the output.
    case exists(path: String)
    case unwritable(path: String, detail: String)
    /// `zstd` is asked for and can't be started.
    case noCompressor
    /// The folder of an earlier run holds something that this program didn't put there.
    case foreignFolder(path: String)
    case sumoMissing(program: String)
    case sumoFailed(program: String, detail: String)
    case sumoTooLarge(vehicles: Int, limit: Int)

    public var description: String {
        switch self {
        case .outOfRange(let what): "CTY101 \(what)."
        case .exists(let path):
            "CTY201 \(path) is there already. Give another --out, or remove it first; nothing was changed."
        case .unwritable(let path, let detail):
            "CTY202 can't write \(path): \(detail). Make room or give another --out; what was written is useless."
        case .noCompressor:
            "CTY203 --compress needs the program zstd, which can't be started: apt-get install zstd."
        case .foreignFolder(let path):
            "CTY204 \(path) is in the way and was not left by an interrupted run. Move it, or give another --out."
        case .sumoMissing(let program):
            "CTY301 --engine sumo needs the program \(program): apt-get install sumo, or use --engine fast."
        case .sumoFailed(let program, let detail):
            "CTY302 \(program) failed: \(detail). Try --engine fast, or report this with the options you gave."
        case .sumoTooLarge(let vehicles, let limit):
            """
            CTY303 SUMO moves every vehicle every second, and \(vehicles) are more than it can carry in reasonable \
            time (\(limit)). Give fewer --vehicles, or --engine fast.
            """
        }
    }
}
