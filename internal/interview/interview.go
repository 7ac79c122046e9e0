// Package interview asks what only an administrator can know, and makes a casdoctor.yaml of the
// answers.
//
// What belongs here: the questions with their words, the order in which answers lead to each
// other, the dialogue on a terminal, and the document. What does not: what an answer may be.
// Package config decides that, as it will when the file is loaded. Nothing is looked at or
// asked of anybody else, and no secret is asked for: only where it will be.
package interview

import (
	"bufio"
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"

	"github.com/casdoctor/casdoctor/checks"
	"github.com/casdoctor/casdoctor/config"
	"github.com/casdoctor/casdoctor/internal/report"
)

// Open is the answer that leaves a question open: the key is left out, and what depends on it
// stays unknown.
const Open = "-"

// Answers are what was answered, by the name of the question; of a question that is asked for
// each account, by "name/account". An answer with several words has commas between them.
type Answers map[string]string

// sees reports whether a section is to be looked at.
func (a Answers) sees(section string) bool { return slices.Contains(split(a["services"]), section) }

// split are the words of an answer. An open one has none.
func split(answer string) (words []string) {
	for w := range strings.SplitSeq(answer, ",") {
		if w = strings.TrimSpace(w); w != "" && w != Open {
			words = append(words, w)
		}
	}
	return words
}

// Mistake is a question whose answer is missing or is not accepted. The answer is not part of
// it: it may be a secret that somebody gave in place of a reference.
type Mistake struct {
	Name     string // of the question
	Account  string // that it is about, if it is about one
	Sentence checks.Text
}

// ErrEnd is the end of the dialogue before its last answer.
var ErrEnd = errors.New("the dialogue ended before its last question")

// Complete adds the default of every question that has one. What has none and was not answered
// is a mistake, and so is an answer that no question asks for.
func Complete(given Answers) (Answers, []Mistake) {
	a := Answers{}
	var mistakes []Mistake
	for q := a.next(); q != nil; q = a.next() {
		answer, ok := given[q.key()]
		if !ok {
			answer = q.preset
		}
		switch value, accepted := a.accept(*q, answer); {
		case accepted:
			a[q.key()] = value
		default:
			why := q.wrong
			switch {
			case answer == "":
				why = checks.Text{EN: "missing. " + q.ask.EN + " " + q.more.EN, JA: "未指定です。" + q.ask.JA + q.more.JA}
			case q.choices != nil && !q.free && !q.contradicts:
				why = q.oneOf()
			}
			mistakes = append(mistakes, Mistake{q.name, q.account, why})
			a[q.key()] = "" // no second complaint, and the next question
		}
	}
	if len(mistakes) > 0 {
		return a, mistakes // one wrong answer can keep others from being asked for
	}
	for _, key := range unasked(given, a) {
		name, account, _ := strings.Cut(key, "/")
		mistakes = append(mistakes, Mistake{name, account, pointless})
	}
	return a, mistakes
}

// oneOf are the choices, for somebody who does not see them.
func (q question) oneOf() checks.Text {
	var list []string
	for _, c := range q.choices {
		list = append(list, c.word)
	}
	if q.open {
		list = append(list, Open)
	}
	all := strings.Join(list, ", ")
	if q.several {
		return checks.Text{EN: "Give one or more of " + all + ".", JA: all + " から 1 つ以上を指定してください。"}
	}
	return checks.Text{EN: "Give one of " + all + ".", JA: all + " のいずれかを指定してください。"}
}

// unasked are the given answers that no question asked for.
func unasked(given, asked Answers) (keys []string) {
	for key := range given {
		if _, ok := asked[key]; !ok {
			keys = append(keys, key)
		}
	}
	slices.Sort(keys)
	return keys
}

// Dialogue is a conversation in lines: nothing on the screen is drawn over, so that a screen
// reader, a serial line and a log can follow it.
type Dialogue struct {
	In    io.Reader
	Out   io.Writer
	Lang  string
	Width int

	lines <-chan string
}

// Ask asks what is not given. It ends with ErrEnd when the input does, and with the context.
func (d *Dialogue) Ask(ctx context.Context, given Answers) (Answers, error) {
	d.tell("", opening)
	a := Answers{}
	var asked []string // keys, for the way back
	for number, q := 1, a.next(); q != nil; q = a.next() {
		if answer, ok := given[q.key()]; ok {
			if value, accepted := a.accept(*q, answer); accepted {
				a[q.key()] = value
				continue
			}
			d.say("")
			d.tell("", q.wrong)
		}
		answer, err := d.ask(ctx, a, number, *q)
		if err != nil {
			return nil, err
		}
		if answer != back {
			a[q.key()] = answer
			asked = append(asked, q.key())
			number++
			continue
		}
		if len(asked) > 0 {
			last := asked[len(asked)-1]
			asked = asked[:len(asked)-1]
			a.forget(last)
			number--
		}
	}
	if keys := unasked(given, a); len(keys) > 0 {
		d.tell("", checks.Text{
			EN: "Not asked for with these answers, and left out: " + strings.Join(keys, ", "),
			JA: "この回答では使われないため、省きました: " + strings.Join(keys, ", "),
		})
	}
	return a, nil
}

// forget takes an answer back, and with it everything that came after it.
func (a Answers) forget(key string) {
	gone := false
	for _, q := range a.questions() {
		if gone = gone || q.key() == key; gone {
			delete(a, q.key())
		}
	}
}

const back = "<"

// ask asks one question until its answer is accepted. It returns back for the way back.
func (d *Dialogue) ask(ctx context.Context, a Answers, number int, q question) (string, error) {
	d.say("")
	d.hang(fmt.Sprintf("%d. ", number), d.in(q.ask)+d.in(about(q.account)))
	d.tell("   ", q.why)
	width := 0
	for _, c := range q.choices {
		width = max(width, len(c.word))
	}
	for i, c := range q.choices {
		d.hang(fmt.Sprintf("   %d  %-*s  ", i+1, width, c.word), d.in(c.text))
	}
	for {
		d.prompt(q)
		line, err := d.read(ctx)
		if err != nil {
			return "", err
		}
		answer := strings.TrimSpace(line)
		switch answer {
		case back:
			return back, nil
		case "?", "？":
			d.tell("   ", q.more)
			continue
		case "":
			answer = q.preset
		}
		if answer == "" {
			d.tell("   ", missing)
			continue
		}
		value, accepted := a.accept(q, answer)
		if accepted {
			return value, nil
		}
		d.tell("   ", q.wrong)
	}
}

// prompt is the line that is answered: how, and what Enter stands for.
func (d *Dialogue) prompt(q question) {
	var how []string
	if q.several {
		how = append(how, d.in(commas))
	}
	if q.open {
		how = append(how, d.in(leave))
	}
	line := strings.Join(how, d.in(semicolon))
	if q.preset != "" {
		line = strings.TrimSpace(line + " [" + q.preset + "]")
	}
	if line != "" {
		d.hang("   ", line)
	}
	_, _ = io.WriteString(d.Out, "> ")
}

func (d *Dialogue) in(t checks.Text) string { return t.In(d.Lang) }

func (d *Dialogue) say(line string) { _, _ = fmt.Fprintln(d.Out, line) }

// tell writes a text in lines that all begin with indent.
func (d *Dialogue) tell(indent string, t checks.Text) { d.hang(indent, d.in(t)) }

// hang writes a text whose first line begins with head, and the others in its width.
func (d *Dialogue) hang(head, text string) {
	for _, line := range report.Lines(head+text, d.Width, len(head)) {
		d.say(line)
	}
}

// read waits for a line, or for the end of the input or of the context.
func (d *Dialogue) read(ctx context.Context) (string, error) {
	if d.lines == nil {
		lines := make(chan string)
		d.lines = lines
		// A read of a terminal cannot be interrupted: the goroutine ends with the input, or with
		// the program.
		go func() {
			defer close(lines)
			for s := bufio.NewScanner(d.In); s.Scan(); {
				select {
				case lines <- s.Text():
				case <-ctx.Done():
					return
				}
			}
		}()
	}
	select {
	case <-ctx.Done():
		return "", ctx.Err()
	case line, ok := <-d.lines:
		if !ok {
			return "", ErrEnd
		}
		return line, nil
	}
}

// Confirm asks whether to do something; Enter is no.
func (d *Dialogue) Confirm(ctx context.Context, what checks.Text) (bool, error) {
	for {
		d.say("")
		d.tell("", what)
		_, _ = io.WriteString(d.Out, "yes/no [no]\n> ")
		line, err := d.read(ctx)
		if err != nil {
			return false, err
		}
		switch word := strings.ToLower(strings.TrimSpace(line)); {
		case word == "", strings.HasPrefix("no", word), word == "いいえ":
			return false, nil
		case strings.HasPrefix("yes", word), word == "はい":
			return true, nil
		}
		d.tell("", notOneOf)
	}
}

// accept makes an answer of what was typed, or refuses it.
func (a Answers) accept(q question, typed string) (string, bool) {
	typed = strings.TrimSpace(typed)
	if typed == Open {
		return Open, q.open
	}
	words := []string{typed}
	if q.several {
		words = split(strings.NewReplacer("、", ",", "，", ",").Replace(typed))
	}
	if len(words) == 0 || words[0] == "" {
		return "", false
	}
	if q.choices != nil {
		for i, w := range words {
			c, ok := choose(q.choices, w)
			switch {
			case ok:
				words[i] = c
			case !q.free || !strings.ContainsAny(w, ".:"): // a host without either is a site that was mistyped
				return "", false
			}
		}
		if dup := slices.Compact(slices.Sorted(slices.Values(words))); len(dup) != len(words) {
			return "", false
		}
	}
	answer := strings.Join(words, ",")
	if q.choices != nil && !q.free && !q.contradicts {
		return answer, true
	}
	with := Answers{q.key(): answer}
	for k, v := range a {
		if _, ok := with[k]; !ok {
			with[k] = v
		}
	}
	return answer, !refused(with, q.path)
}

// choose finds the choice that a word means: itself, its number, or the beginning of only one.
func choose(choices []choice, word string) (string, bool) {
	var begun []string
	for _, c := range choices {
		if strings.EqualFold(c.word, word) {
			return c.word, true
		}
		if strings.HasPrefix(c.word, strings.ToLower(word)) {
			begun = append(begun, c.word)
		}
	}
	if n, err := strconv.Atoi(word); err == nil && n >= 1 && n <= len(choices) {
		return choices[n-1].word, true
	}
	if len(begun) != 1 {
		return "", false
	}
	return begun[0], true
}

// refused reports whether package config has something against a key of the document that the
// answers amount to. What the other keys lack is still to be asked.
func refused(a Answers, path string) bool {
	err := config.Outline(a.bare(), "casdoctor.yaml")
	var wrong *config.Errors
	if !errors.As(err, &wrong) {
		return err != nil
	}
	return slices.ContainsFunc(wrong.Problems, func(p config.Problem) bool { return p.Path == path })
}

// Opened are the names of the questions that were left open, in their order.
func (a Answers) Opened() (names []string) {
	for _, q := range a.questions() {
		// Without these nothing stays unknown.
		if a[q.key()] == Open && !q.dispensable {
			names = append(names, q.key())
		}
	}
	return names
}

// References are where the secrets will be: env:NAME and file:PATH, in the order of the questions.
func (a Answers) References() (refs []string) {
	for _, q := range a.questions() {
		if v := a[q.key()]; strings.HasPrefix(v, "env:") || strings.HasPrefix(v, "file:") {
			refs = append(refs, v)
		}
	}
	return refs
}

// next is the first question that has no answer; nil at the end.
func (a Answers) next() *question {
	for _, q := range a.questions() {
		if _, ok := a[q.key()]; !ok {
			return &q
		}
	}
	return nil
}

func about(account string) checks.Text {
	if account == "" {
		return checks.Text{}
	}
	return checks.Text{EN: " (" + account + ")", JA: " (" + account + ")"}
}

// name of the organisation that its own answers suggest.
func (a Answers) suggestedName() string {
	for _, answer := range []string{a["global-admin"], a["google-admin"], first(a["delegates"]), first(a["internal-domains"])} {
		_, domain, ok := strings.Cut(answer, "@")
		if !ok {
			domain = answer
		}
		if label, _, ok := strings.Cut(domain, "."); ok && label != "" && !strings.Contains(domain, ":") {
			return label
		}
	}
	return ""
}

func first(answer string) string { return cmp.Or(append(split(answer), "")...) }
