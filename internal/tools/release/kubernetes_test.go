package main

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	appsv1 "k8s.io/api/apps/v1"
	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/yaml"
)

// Every document is decoded strictly into the type of its kind: a misspelt or misplaced member,
// which the API server may drop in silence, is an error here.
func TestKubernetesManifests(t *testing.T) {
	files, err := filepath.Glob("../../../deploy/kubernetes/*.yaml")
	if err != nil || len(files) != 2 {
		t.Fatalf("%d manifests: %v", len(files), err)
	}
	pods := 0
	for _, file := range files {
		raw, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for _, doc := range bytes.Split(raw, []byte("\n---\n")) {
			var kind metav1.TypeMeta
			if err := yaml.Unmarshal(doc, &kind); err != nil {
				t.Fatalf("%s: %v", file, err)
			}
			of, ok := map[string]any{
				"v1 ServiceAccount": &corev1.ServiceAccount{}, "v1 ConfigMap": &corev1.ConfigMap{}, "v1 Service": &corev1.Service{},
				"v1 PersistentVolumeClaim": &corev1.PersistentVolumeClaim{},
				"batch/v1 CronJob":         &batchv1.CronJob{}, "apps/v1 Deployment": &appsv1.Deployment{},
			}[kind.APIVersion+" "+kind.Kind]
			if !ok {
				t.Errorf("%s: %s %s has no type here", file, kind.APIVersion, kind.Kind)
				continue
			}
			if err := yaml.UnmarshalStrict(doc, of); err != nil {
				t.Errorf("%s: %v", file, err)
			}
			switch o := of.(type) {
			case *batchv1.CronJob:
				pods++
				hardened(t, file, o.Spec.JobTemplate.Spec.Template.Spec)
			case *appsv1.Deployment:
				pods++
				hardened(t, file, o.Spec.Template.Spec)
				c := o.Spec.Template.Spec.Containers[0]
				for path, p := range map[string]*corev1.Probe{"/healthz": c.LivenessProbe, "/readyz": c.ReadinessProbe} {
					if p == nil || p.HTTPGet == nil || p.HTTPGet.Path != path || p.HTTPGet.Port.String() != c.Ports[0].Name {
						t.Errorf("%s: no probe asks %s at the port of the page", file, path)
					}
				}
				if o.Spec.Strategy.Type != appsv1.RecreateDeploymentStrategyType || *o.Spec.Replicas != 1 {
					t.Errorf("%s: two agents could share one SQLite file", file)
				}
			}
		}
	}
	if pods != 2 {
		t.Errorf("%d pods were looked at, not 2", pods)
	}
}

// hardened holds a pod against the profile "restricted" of the Pod Security Standards, and what
// casdoctor can do without besides: a writable root, the cluster's API, secrets in variables.
func hardened(t *testing.T, file string, pod corev1.PodSpec) {
	t.Helper()
	is := func(b *bool, want bool) bool { return b != nil && *b == want }
	s := pod.SecurityContext
	if s == nil || !is(s.RunAsNonRoot, true) || s.RunAsUser == nil || *s.RunAsUser == 0 ||
		s.SeccompProfile == nil || s.SeccompProfile.Type != corev1.SeccompProfileTypeRuntimeDefault {
		t.Errorf("%s: the pod is not restricted", file)
	}
	if !is(pod.AutomountServiceAccountToken, false) || pod.HostNetwork || pod.HostPID || pod.HostIPC {
		t.Errorf("%s: the pod sees the cluster or its machine", file)
	}
	for _, v := range pod.Volumes {
		if v.HostPath != nil {
			t.Errorf("%s: a folder of the machine is mounted", file)
		}
		if v.Secret != nil && (v.Secret.DefaultMode == nil || *v.Secret.DefaultMode&0o007 != 0) {
			t.Errorf("%s: everybody in the pod can read %s", file, v.Name)
		}
	}
	for _, c := range pod.Containers {
		s := c.SecurityContext
		if s == nil || !is(s.AllowPrivilegeEscalation, false) || !is(s.ReadOnlyRootFilesystem, true) ||
			s.Capabilities == nil || len(s.Capabilities.Drop) != 1 || s.Capabilities.Drop[0] != "ALL" || len(s.Capabilities.Add) > 0 {
			t.Errorf("%s: container %s is not restricted", file, c.Name)
		}
		if len(c.Env)+len(c.EnvFrom) > 0 {
			t.Errorf("%s: secrets come as files, not as variables", file)
		}
		if c.Resources.Limits.Memory().IsZero() || c.Resources.Requests.Cpu().IsZero() || c.Resources.Requests.Memory().IsZero() {
			t.Errorf("%s: container %s has no bounds", file, c.Name)
		}
		if strings.HasSuffix(c.Image, ":latest") || !strings.Contains(c.Image, ":") {
			t.Errorf("%s: the image has no version", file)
		}
		for _, m := range c.VolumeMounts {
			if strings.HasPrefix(m.MountPath, "/run/secrets/") && !m.ReadOnly {
				t.Errorf("%s: %s can be written to", file, m.MountPath)
			}
		}
	}
}
