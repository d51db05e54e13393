internal import Traffic

extension SimulatedCity {
    /// An address that no name server knows, by RFC 2606: there is no picture to fetch.
    private func source(_ site: Site) -> String { "rtsp://simulated.invalid/\(site.camera.id)" }

    /// The whole of `cameras.json`, as `gantry run --media` reads it.
    func camerasJSON() -> String {
        let cameras = sites.map { site in
            """
              {"id": "\(site.camera.id)", "source": "\(source(site))", "longitude": \(site.camera.longitude), \
            "latitude": \(site.camera.latitude), "heading": \(Int(site.camera.heading ?? 0)), \
            "zone": "\(zones.names[site.zone])", "edge": \(site.edge), "along": \(share(site.along))}
            """
        }
        return """
            {
             "rendered": true,
             "cameras": [
            \(cameras.joined(separator: ",\n"))
             ]
            }

            """
    }

    func pipelineYAML(brokers: String) -> String {
        let cameras = sites.map { site in
            """
              - id: \(site.camera.id)
                source: \(source(site))
                longitude: \(site.camera.longitude)
                latitude: \(site.camera.latitude)
                heading: \(Int(site.camera.heading ?? 0))
            """
        }
        return """
            # A simulated city: its passages are in passages.mcap, or on the topic \(settings.name).passages.
            #
            #     gantry replay passages.mcap --pipeline pipeline.yaml     puts them on the topic
            #     gantry-sink --pipeline pipeline.yaml                     takes them into the database
            #
            # The cameras have no pictures; their addresses lead nowhere.

            name: \(settings.name)
            timezone: UTC

            kafka:
              brokers: \(brokers)
              partitions: 12
              replicas: 1             # a development broker has only itself

            cameras:
            \(cameras.joined(separator: "\n"))

            """
    }

    func zonesGeoJSON() -> String {
        collection(
            zones.zones.indices.map { index in
                let zone = zones.zones[index]
                let ring = [
                    (zone.west, zone.south), (zone.east, zone.south), (zone.east, zone.north), (zone.west, zone.north),
                    (zone.west, zone.south),
                ].map { "[\($0.0), \($0.1)]" }.joined(separator: ", ")
                return """
                    {"type": "Feature", "id": "\(zones.names[index])", "properties": {"zone": \
                    "\(zones.names[index])", "name": "\(zones.names[index])"}, "geometry": {"type": "Polygon", \
                    "coordinates": [[\(ring)]]}}
                    """
            })
    }

    func networkGeoJSON() -> String {
        collection(
            network.edges.indices.map { index in
                let edge = network.edges[index]
                let ends = [edge.from, edge.to].map { node in
                    let degrees = CityNetwork.degrees(x: network.nodes[node].x, y: network.nodes[node].y)
                    return "[\(degrees.longitude), \(degrees.latitude)]"
                }.joined(separator: ", ")
                let site = siteOfEdge[index]
                let camera = site < 0 ? "null" : "\"\(sites[Int(site)].camera.id)\""
                return """
                    {"type": "Feature", "id": \(index), "properties": {"edge": \(index), "source": \(edge.from), \
                    "target": \(edge.to), "length_m": \(edge.length), "speed_mps": \(edge.road.speed), \
                    "class": "\(edge.road.rawValue)", "lanes": \(edge.road.lanes), "signal": \(edge.hasSignal), \
                    "camera": \(camera)}, "geometry": {"type": "LineString", "coordinates": [\(ends)]}}
                    """
            })
    }

    private func collection(_ features: [String]) -> String {
        "{\"type\": \"FeatureCollection\", \"features\": [\n" + features.joined(separator: ",\n") + "\n]}\n"
    }

    func outagesCSV() -> String {
        "camera,from,to\n"
            + outages.map { outage in
                let times = [outage.from, outage.to].map { EventTime(nanoseconds: $0 * 1_000_000).rfc3339 }
                return "\(sites[outage.site].camera.id),\(times[0]),\(times[1])\n"
            }.joined()
    }

    func skewCSV() -> String {
        "camera,skew_ms\n" + sites.map { "\($0.camera.id),\($0.skew)\n" }.joined()
    }

    /// A share with two decimals.
    private func share(_ value: Double) -> Double { (value * 100).rounded() / 100 }
}
