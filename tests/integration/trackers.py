"""What Matomo's trackers and PostHog's clients send, and as what it must arrive: for sources_test.py."""
import time

PATHS = {"matomo": "/matomo.php", "posthog": "/e/"}	# whose site stands in what they send


def hit(**more):
    """Of Matomo's, at a time of the last hour, so that it is the same whenever it comes."""
    now = time.gmtime()
    return {"requests": [{"idsite": "acme-web", "rec": 1, "r": "409016", "h": now.tm_hour, "m": now.tm_min, "s": now.tm_sec, "consent": 1,
                          "uid": "ann@acme.test", "_id": "2f6e906e4ac97908", "url": "https://acme.test/prices/", **more}]}


def posthog(event, **properties):
    now = time.strftime("%Y-%m-%dT%H:%M:%S.000Z", time.gmtime())
    return {"api_key": "acme-web", "sent_at": now, "batch": [{
        "uuid": f"u-{event}-{'-'.join(properties)}", "event": event, "timestamp": now, "$set": {"email": "ann@acme.test", "name": "Ann"},
        "properties": {"distinct_id": "u-1", "$device_id": "d-1", "$lib": "web", "$current_url": "https://acme.test/prices/", "title": "Prices",
                       "$referrer": "https://acme.test/", "consent": {"categoryPreferences": {"analytics": True}}, **properties}}]}


def clicked(kind, **element):
    return posthog("$autocapture", **{"$event_type": kind, "$el_text": "", "$elements": [element], element["tag_name"]: "a"})


ROWS = [
    ("matomo", hit(action_name="Prices"), "PAGE_VIEW", {}),
    ("matomo", hit(ping=1), "PAGE_ENGAGED", {}),
    ("matomo", hit(search="plotting"), "SITE_SEARCH", {}),
    ("matomo", hit(download="https://acme.test/guide.pdf"), "CONTENT_DOWNLOAD", {}),
    ("matomo", hit(link="https://other.test/"), "LINK_OUT", {}),
    ("matomo", hit(e_c="video", e_a="play", e_n="film"), "VIDEO_PLAY", {"label": "film"}),
    ("matomo", hit(e_c="calculator", e_a="opened", e_n="ROI"), "CUSTOM", {"label": "ROI"}),
    ("matomo", hit(idgoal=3), "CUSTOM", {"label": "goal 3"}),
    ("matomo", hit(idgoal=0, ec_id="o-1", revenue="9.5"), "CUSTOM", {"label": "ecommerce order"}),
    ("matomo", hit(c_n="guide", c_i="click"), "CUSTOM", {"label": "content interaction"}),
    ("matomo", hit(rec=0), "nothing", {}),
    ("matomo", hit(idsite=""), "rejected", {"field": "idsite"}),
    ("posthog", posthog("$pageview"), "PAGE_VIEW", {}),
    ("posthog", posthog("$pageleave"), "PAGE_ENGAGED", {}),
    ("posthog", clicked("click", tag_name="button"), "BUTTON_CLICK", {}),
    ("posthog", clicked("click", tag_name="a", attr__href="https://other.test/"), "LINK_OUT", {}),
    ("posthog", clicked("submit", tag_name="form", attr__id="demo"), "FORM_SUBMIT", {"label": "$autocapture"}),
    ("posthog", clicked("change", tag_name="input"), "FORM_START", {"label": "$autocapture"}),
    ("posthog", posthog("$identify"), "IDENTIFY", {}),
    ("posthog", posthog("$create_alias", alias="u-2"), "ALIAS", {}),
    ("posthog", posthog("$groupidentify", **{"$group_type": "company"}), "GROUP", {}),
    ("posthog", posthog("$opt_in"), "CONSENT", {"label": "$opt_in"}),
    ("posthog", posthog("survey sent"), "CUSTOM", {"label": "survey sent"}),
    ("posthog", posthog("$web_vitals"), "nothing", {}),
    ("posthog", posthog(""), "rejected", {"field": "event"}),
]
CANARIES = {"matomo": (hit(action_name="a", urlref="https://acme.test/", dimension1="a", _rcn="a", e_n="a", lang="a"), ()),
            "posthog": (posthog("$groupidentify", utm_source="a", alias="a", **{"$group_type": "company", "$group_set": {"name": "a"}}), ())}
