"""A whole session at a desktop: consent, practice, keys, undo, a reload, a second tab, and the end."""

import time

import tiny_study
from browsers import BACKSPACE, ENTER
from study_steps import (
    Server, answer, check, check_console, check_requests, look, question, quietly, table)


def desktop(kind, crossfire, folder, out):
    name = kind.__name__.lower()
    print(f"desktop in {kind.__name__}, 1280 x 800")
    tiny_study.write(folder, pause=5, demographics=tiny_study.DEMOGRAPHICS)
    completion = "http://127.0.0.1:9/complete?cc=X"
    server = Server(crossfire, folder, 0, "--completion-url", completion)
    browser = kind(1280, 800)
    browser.go(server.address + "?PROLIFIC_PID=5f1&STUDY_ID=abc&SESSION_ID=1")
    browser.until_heading()
    check("null" not in browser.text(), "the consent page shows no missing values")
    look(browser, out / f"{name}-01-consent.png")
    focused = browser.run("return document.activeElement.tagName")
    check(focused == "H1", "the heading has the focus, so that it is read first")
    browser.press("I agree")
    browser.until_heading("What to do")
    check("#" in browser.address() and "PROLIFIC" not in browser.run("return location.hash"),
          "the address has become the participant's own")
    look(browser, out / f"{name}-02-instructions.png")
    browser.press("Start with some practice")
    question(browser, 1, 1)
    check(browser.label(".answers button:nth-child(4)") == "3", "an answer is named by its label")
    check(browser.label("#bar").startswith("Practice 1 of 2"),
          "the progress bar names the place in the study")
    browser.keys("8")
    question(browser, 1, 2)
    look(browser, out / f"{name}-03-second-question.png")
    browser.keys("8")  # The first choice again has no effect.
    time.sleep(0.3)
    question(browser, 1, 2)
    browser.keys("3")
    browser.until("document.querySelector('.verdict')", "feedback")
    check(browser.heading() == "Right", "a right practice answer gets feedback")
    look(browser, out / f"{name}-04-feedback.png")
    browser.keys(ENTER)
    answer(browser, 2, "0", "n")
    browser.until("document.querySelector('.verdict')", "feedback")
    check(browser.heading() == "Not quite", "a wrong practice answer gets feedback")
    check("The practice is over" in browser.text(), "the page says that the practice is over")
    look(browser, out / f"{name}-05-feedback-wrong.png")
    browser.keys(ENTER)
    question(browser, 3, 1)
    look(browser, out / f"{name}-06-trial.png")
    browser.keys("7")
    question(browser, 3, 2)
    browser.keys(BACKSPACE)
    question(browser, 3, 1)
    check(True, "Backspace undoes the first answer during the second question")
    browser.keys("4")
    question(browser, 3, 2)
    browser.reload()
    browser.until_heading("Welcome back")
    look(browser, out / f"{name}-07-welcome-back.png")
    browser.press("Continue")
    question(browser, 3, 2)
    check(True, "after a reload the page continues with the second question of the same picture")
    browser.keys("6")
    browser.until("document.querySelector('.blank')", "the pause")
    browser.press("Undo")
    question(browser, 3, 2)
    check(True, "the button undoes the last answer before the next picture")
    browser.keys("5")
    browser.until("document.querySelector('.blank')", "the pause")
    browser.shoot(out / f"{name}-08-pause.png")
    question(browser, 4, 1)
    # A second tab answers the same question; the first one then goes on after it.
    secret = browser.address().split("#")[1]
    first_tab = browser.open_tab()
    browser.go(server.address + "#" + secret)
    browser.until_heading("Welcome back")
    browser.press("Continue")
    answer(browser, 4, "6", "n")
    question(browser, 5, 1)
    browser.switch(first_tab)
    browser.keys("1")
    question(browser, 5, 1)
    check(True, "a tab that is behind goes on where the other tab is")
    browser.complaints()
    server.kill()
    browser.keys("n")
    browser.until("!document.getElementById('trouble').hidden", "the note about the connection")
    look(browser, out / f"{name}-09-no-connection.png")
    server.start()
    question(browser, 6, 1)
    check(browser.run("return document.getElementById('trouble').hidden"),
          "an answer is sent again after the server was killed")
    browser.complaints()
    for position in (6, 7):
        answer(browser, position, "N")
    answer(browser, 8, "1", "2")
    browser.until("document.querySelector('textarea')", "the comments")
    look(browser, out / f"{name}-10-comments.png")
    comment = '1, 2 and <b>n</b> are "typed" here'
    browser.type("#comment-", comment)
    browser.run("document.getElementById('about-age').value = '1'")
    check(completion not in browser.run("return document.documentElement.outerHTML"),
          "the page does not know the completion address before the end")
    browser.press("Finish")
    shown_code = "return document.querySelector('.code').innerText"
    browser.until("document.querySelector('.code')", "the code")
    code = browser.run(shown_code)
    look(browser, out / f"{name}-11-end.png")
    browser.reload()
    browser.until("document.querySelector('.code')", "the code again")
    check(browser.run(shown_code) == code, f"the code {code} is the same after a reload")
    check(browser.run("return document.querySelector('a.button').href") == completion,
          "the last page links to the completion address")
    browser.press("Stay")
    check_console(browser)
    check_requests(browser, server.address)
    browser.quit()
    second = kind(1280, 800)
    second.go(server.address + "#" + secret)
    second.until("document.querySelector('.code')", "the code in another browser")
    second.go("about:blank")
    second.go(server.address + "#" + secret[::-1])
    second.until_heading()
    check("cannot be opened" in second.heading(), "a wrong link opens nothing")
    look(second, out / f"{name}-12-refused.png")
    second.quit()
    quietly(crossfire, "study", "export", folder)
    expected = [
        (1, 1, "8"), (1, 2, "3"), (2, 1, "0"), (2, 2, "na"), (3, 1, "4"), (3, 2, "5"), (4, 1, "6"),
        (4, 2, "na"), (5, 1, "na"), (6, 1, "na"), (7, 1, "na"), (8, 1, "1"), (8, 2, "2")]
    check(table(folder, "answers.csv", "position", "question", "choice")
          == [(str(position), str(number), choice) for position, number, choice in expected],
          "every answer is stored as it was given")
    check(table(folder, "undone.csv", "position", "question", "choice")
          == [("3", "1", "7"), ("3", "2", "6")], "the undone answers are stored, too")
    rows = table(folder, "answers.csv")
    times = [float(row["rt_ms"]) for row in rows]
    check(all(0 < value < 60_000 for value in times),
          f"response times are plausible: {min(times):.0f} to {max(times):.0f} ms")
    check([row["session"] for row in rows][:7] == ["1"] * 5 + ["2"] + ["3"],
          "a reload and a second tab begin a session each")
    person = table(folder, "participants.csv")[0]
    check([person[name] for name in ("prolific_pid", "study_id", "session_id", "worker_id")]
          == ["5f1", "abc", "1", ""], "the identifiers of the address have their columns")
    check(table(folder, "demographics.csv", "question", "choice") == [("age", "25 to 34")],
          "a question about the participant is answered, and the other one is left out")
    check(table(folder, "comments.csv")[0]["comment"] == comment,
          "the comment is stored, and typing it answered nothing")
    check("reload" in [row["event"] for row in table(folder, "events.csv")],
          "the reload is stored as an event")
    server.kill()
