/// Why there is no road network. Codes are stable: `RDS1xx`.
public enum RoadError: Error, Equatable, CustomStringConvertible {
    case unreadable(file: String)
    /// The file is there, but no network can be made of it.
    case badFile(String, reason: String)
    /// A program that reads extracts of OpenStreetMap is not installed.
    case programMissing(String)
    case programFailed(String, reason: String)
    case noNetwork
    case database(DatabaseError)

    public var description: String {
        switch self {
        case .unreadable(let file):
            "RDS101 can't read \(file). Check the path, and that you may read it."
        case .badFile(let file, let reason):
            "RDS102 no roads could be read from \(file): \(reason). Give an extract of OpenStreetMap (.osm, .osm.pbf), or GeoJSON as `gantry roads import --help` describes it. The network there was is unchanged."
        case .programMissing(let program):
            "RDS103 there is no \(program), which reads extracts of OpenStreetMap. Run `make setup`, or: apt-get install osmium-tool osm2pgrouting"
        case .programFailed(let program, let reason):
            "RDS104 \(program) failed: \(reason). The network there was is unchanged."
        case .noNetwork:
            "RDS105 there is no road network yet. Run `gantry roads import FILE`."
        case .database(let error): "\(error)"
        }
    }
}
