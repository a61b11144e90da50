// The exporter that one writes in Go: my_gauge and my_counter as const metrics on client_golang. With -series it serves
// the same pages as the lab exporter's collector `bulk`. With -read it is a client instead, that says how many samples a
// page has which it asked for as Go's clients do, with gzip.
package main

import (
	"flag"
	"fmt"
	"log"
	"math/rand"
	"net"
	"net/http"
	"strconv"
	"time"

	kitlog "github.com/go-kit/log"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"
	"github.com/prometheus/common/expfmt"
	"github.com/prometheus/exporter-toolkit/web"
)

type labels struct{ session, node string }

type collector struct {
	gauge, counter *prometheus.Desc
	bulk           []labels
}

func (c *collector) Describe(ch chan<- *prometheus.Desc) {
	ch <- c.gauge
	ch <- c.counter
}

func (c *collector) Collect(ch chan<- prometheus.Metric) {
	now := float64(time.Now().Unix())
	if c.bulk == nil {
		ch <- prometheus.MustNewConstMetric(c.gauge, prometheus.GaugeValue, float64(rand.Intn(999999)),
			strconv.Itoa(rand.Intn(1111)), strconv.Itoa(rand.Intn(2222)))
		ch <- prometheus.MustNewConstMetric(c.counter, prometheus.CounterValue, now,
			strconv.Itoa(rand.Intn(2222)), strconv.Itoa(rand.Intn(3222)))
		return
	}
	for _, l := range c.bulk {
		ch <- prometheus.MustNewConstMetric(c.counter, prometheus.CounterValue, now, l.session, l.node)
		ch <- prometheus.MustNewConstMetric(c.gauge, prometheus.GaugeValue, rand.Float64()*1e6, l.session, l.node)
	}
}

// read returns how many samples the page at an address has.
func read(address string) (int, error) {
	response, err := http.Get("http://" + address + "/metrics")
	if err != nil {
		return 0, err
	}
	defer response.Body.Close()
	if !response.Uncompressed {
		return 0, fmt.Errorf("the page was not compressed")
	}
	var parser expfmt.TextParser
	families, err := parser.TextToMetricFamilies(response.Body)
	samples := 0
	for _, family := range families {
		samples += len(family.Metric)
	}
	return samples, err
}

func main() {
	series := flag.Int("series", 0, "series to make; 0 for the reference exporter")
	random := flag.Bool("random", false, "make random labels")
	address := flag.String("read", "", "read the page of this address, and end")
	config := flag.String("web", "", "web configuration file")
	listen := flag.String("listen", "127.0.0.1:0", "address to listen on")
	flag.Parse()
	if *address != "" {
		samples, err := read(*address)
		if err != nil {
			log.Fatal(err)
		}
		fmt.Println(samples)
		return
	}
	c := &collector{
		gauge: prometheus.NewDesc("my_gauge", "gauge_help_tag", []string{"l1", "l2"},
			prometheus.Labels{"static_example": "I am static value"}),
		counter: prometheus.NewDesc("my_counter", "counter_help_tag", []string{"l3", "l4"}, nil),
	}
	for i := 0; i < *series/2; i++ {
		l := labels{fmt.Sprintf("session-%d", i), fmt.Sprintf("node-%d", i%97)}
		if *random {
			l = labels{fmt.Sprintf("%016x", rand.Uint64()), fmt.Sprintf("%016x", rand.Uint64())}
		}
		c.bulk = append(c.bulk, l)
	}
	registry := prometheus.NewRegistry()
	registry.MustRegister(c)
	http.Handle("/metrics", promhttp.HandlerFor(registry, promhttp.HandlerOpts{}))
	listener, err := net.Listen("tcp", *listen)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(listener.Addr())
	flags := &web.FlagConfig{WebConfigFile: config}
	log.Fatal(web.Serve(listener, &http.Server{}, flags, kitlog.NewNopLogger()))
}
